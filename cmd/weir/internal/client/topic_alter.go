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

// alteration is what `topic alter` was asked to do.
type alteration struct {
	set, unset, appended, subtracted []string
	partitions                       int
	dryRun                           bool
}

func topicAlterCommand(o *options) *cobra.Command {
	var a alteration
	c := &cobra.Command{
		Use: "alter TOPIC...", Short: "Change settings of topics, or add partitions",
		Args: Args(cobra.MinimumNArgs(1)), ValidArgsFunction: o.completeTopics,
		RunE: func(c *cobra.Command, names []string) error {
			changes, err := a.changes()
			if err != nil {
				return err
			}
			if len(changes) == 0 && a.partitions == 0 {
				return usagef("nothing to alter: give --set, --unset, --append, --subtract or --partitions")
			}
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
				if err := a.alterSettings(ctx, adm, changes, names); err != nil {
					return err
				}
				return a.addPartitions(ctx, adm, names)
			})
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&a.set, "set", "s", nil, "set a setting, name=value (repeatable)")
	f.StringArrayVarP(&a.unset, "unset", "u", nil, "take a setting back to its default, name (repeatable)")
	f.StringArrayVar(&a.appended, "append", nil, "add to a setting that is a list, name=value (repeatable)")
	f.StringArrayVar(&a.subtracted, "subtract", nil, "take from a setting that is a list, name=value (repeatable)")
	f.IntVarP(&a.partitions, "partitions", "p", 0, "raise the number of partitions to this")
	f.BoolVar(&a.dryRun, "dry-run", false, "only ask whether the broker would accept it")
	return c
}

func (a *alteration) changes() ([]kadm.AlterConfig, error) {
	var out []kadm.AlterConfig
	for _, kind := range []struct {
		op    kadm.IncrementalOp
		words []string
	}{{kadm.SetConfig, a.set}, {kadm.AppendConfig, a.appended}, {kadm.SubtractConfig, a.subtracted}} {
		for _, w := range kind.words {
			name, value, ok := strings.Cut(w, "=")
			if !ok || name == "" {
				return nil, usagef("setting %q is not name=value", w)
			}
			out = append(out, kadm.AlterConfig{Op: kind.op, Name: name, Value: &value})
		}
	}
	for _, name := range a.unset {
		out = append(out, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
	}
	return out, nil
}

func (a *alteration) alterSettings(ctx context.Context, adm *kadm.Client, changes []kadm.AlterConfig, names []string) error {
	if len(changes) == 0 {
		return nil
	}
	alter := adm.AlterTopicConfigs
	if a.dryRun {
		alter = adm.ValidateAlterTopicConfigs
	}
	answers, err := alter(ctx, changes, names...)
	if err != nil {
		return fmt.Errorf("alter settings: %w", err)
	}
	var failed error
	for _, r := range answers {
		failed = errors.Join(failed, alterFailure(r.Name, r.Err, r.ErrMessage))
	}
	return failed
}

func (a *alteration) addPartitions(ctx context.Context, adm *kadm.Client, names []string) error {
	if a.partitions == 0 {
		return nil
	}
	update := adm.UpdatePartitions
	if a.dryRun {
		update = adm.ValidateUpdatePartitions
	}
	answers, err := update(ctx, a.partitions, names...)
	if err != nil {
		return fmt.Errorf("add partitions: %w", err)
	}
	var failed error
	for _, r := range answers.Sorted() {
		failed = errors.Join(failed, alterFailure(r.Topic, r.Err, r.ErrMessage))
	}
	return failed
}

func alterFailure(topic string, err error, message string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return notFoundf("topic %q does not exist", topic)
	default:
		return fmt.Errorf("alter topic %q: %w", topic, withMessage(err, message))
	}
}
