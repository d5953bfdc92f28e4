package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

func topicCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "topic", Aliases: []string{"topics"}, Short: "Create, list, describe, alter and delete topics"}
	c.AddCommand(topicCreateCommand(o), topicListCommand(o), topicDescribeCommand(o), topicAlterCommand(o), topicDeleteCommand(o))
	return c
}

func topicCreateCommand(o *options) *cobra.Command {
	var partitions int32
	var replication int16
	var configs []string
	var ifNotExists, dryRun bool
	c := &cobra.Command{
		Use: "create TOPIC...", Short: "Create topics", Args: Args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			settings, err := parseSettings(configs)
			if err != nil {
				return err
			}
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				create := adm.CreateTopics
				if dryRun {
					create = adm.ValidateCreateTopics
				}
				answers, err := create(ctx, partitions, replication, settings, names...)
				if err != nil {
					return fmt.Errorf("create topics: %w", err)
				}
				return o.printCreated(c, answers, ifNotExists)
			})
		},
	}
	f := c.Flags()
	f.Int32VarP(&partitions, "partitions", "p", -1, "number of partitions (-1: the broker's num.partitions)")
	f.Int16VarP(&replication, "replication-factor", "r", -1, "number of replicas (-1: the broker's default)")
	f.StringArrayVarP(&configs, "config", "c", nil, "a setting of the topic, name=value (repeatable)")
	f.BoolVar(&ifNotExists, "if-not-exists", false, "a topic that exists already is no failure")
	f.BoolVar(&dryRun, "dry-run", false, "only ask whether the broker would accept it")
	return c
}

// created is what is printed of one topic that was created.
type created struct {
	Topic      string `json:"topic"`
	ID         string `json:"id,omitempty"`
	Partitions int32  `json:"partitions"`
	Error      string `json:"error,omitempty"`
}

func (o *options) printCreated(c *cobra.Command, answers kadm.CreateTopicResponses, ifNotExists bool) error {
	var failed error
	out := []created{}
	t := &table{head: []string{"TOPIC", "ID", "PARTITIONS"}}
	for _, a := range answers.Sorted() {
		if ifNotExists && errors.Is(a.Err, kerr.TopicAlreadyExists) {
			continue
		}
		row := created{Topic: a.Topic, Partitions: a.NumPartitions}
		if a.Err != nil {
			failed = errors.Join(failed, fmt.Errorf("create topic %q: %w", a.Topic, withMessage(a.Err, a.ErrMessage)))
			row.Error = a.Err.Error()
		} else {
			row.ID = idText(a.ID)
			t.add(row.Topic, row.ID, row.Partitions)
		}
		out = append(out, row)
	}
	if o.json || len(t.rows) > 0 {
		if err := o.print(c.OutOrStdout(), out, t); err != nil {
			return err
		}
	}
	return failed
}

func withMessage(err error, message string) error {
	if message == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, message)
}

// parseSettings reads name=value words; a name without a value, `name=`, stands for the empty value.
func parseSettings(words []string) (map[string]*string, error) {
	m := make(map[string]*string, len(words))
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, usagef("setting %q is not name=value", w)
		}
		m[name] = &value
	}
	return m, nil
}

func topicListCommand(o *options) *cobra.Command {
	var internal bool
	c := &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List topics", Args: Args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				list := adm.ListTopics
				if internal {
					list = adm.ListTopicsWithInternal
				}
				topics, err := list(ctx)
				if err != nil {
					return fmt.Errorf("list topics: %w", err)
				}
				type row struct {
					Topic      string `json:"topic"`
					ID         string `json:"id"`
					Partitions int    `json:"partitions"`
					Replicas   int    `json:"replicas"`
					Internal   bool   `json:"internal"`
				}
				out := []row{}
				t := &table{head: []string{"TOPIC", "ID", "PARTITIONS", "REPLICAS"}}
				for _, d := range topics.Sorted() {
					r := row{d.Topic, idText(d.ID), len(d.Partitions), d.Partitions.NumReplicas(), d.IsInternal}
					out = append(out, r)
					t.add(r.Topic, r.ID, r.Partitions, r.Replicas)
				}
				return o.print(c.OutOrStdout(), out, t)
			})
		},
	}
	c.Flags().BoolVarP(&internal, "internal", "i", false, "also the internal topics")
	return c
}

func topicDeleteCommand(o *options) *cobra.Command {
	var ifExists bool
	c := &cobra.Command{
		Use: "delete TOPIC...", Aliases: []string{"rm"}, Short: "Delete topics with all their records",
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, names []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				answers, err := adm.DeleteTopics(ctx, names...)
				if err != nil {
					return fmt.Errorf("delete topics: %w", err)
				}
				var failed error
				for _, a := range answers.Sorted() {
					switch {
					case a.Err == nil:
					case ifExists && errors.Is(a.Err, kerr.UnknownTopicOrPartition):
					case errors.Is(a.Err, kerr.UnknownTopicOrPartition):
						failed = errors.Join(failed, notFoundf("topic %q does not exist", a.Topic))
					default:
						failed = errors.Join(failed, fmt.Errorf("delete topic %q: %w", a.Topic, withMessage(a.Err, a.ErrMessage)))
					}
				}
				return failed
			})
		},
	}
	c.Flags().BoolVar(&ifExists, "if-exists", false, "a topic that does not exist is no failure")
	return c
}
