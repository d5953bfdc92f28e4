package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

func groupDeleteOffsetsCommand(o *options) *cobra.Command {
	r := &reset{options: o}
	c := &cobra.Command{
		Use:     "delete-offsets GROUP --topic TOPIC",
		Short:   "Delete what a group has committed for topics that it does not read",
		Example: `  weir group delete-offsets billing --topic old-orders --topic orders:0,3`,
		Args:    Args(cobra.ExactArgs(1)), ValidArgsFunction: o.completeGroups,
		RunE: func(c *cobra.Command, a []string) error {
			return o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error { return r.deleteOffsets(ctx, c, adm, a[0]) })
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&r.topics, "topic", "t", nil, "this topic, or TOPIC:P,P,... (repeatable, required)")
	f.BoolVarP(&r.dryRun, "dry-run", "n", false, "only show what would be deleted")
	return c
}

// deleted is what is printed of one offset that was deleted.
type deleted struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Committed int64  `json:"committed"`
}

func (r *reset) deleteOffsets(ctx context.Context, c *cobra.Command, adm *kadm.Client, group string) error {
	if len(r.topics) == 0 {
		return usagef("--topic is required")
	}
	committed, err := fetchCommitted(ctx, adm, group)
	if err != nil {
		return err
	}
	scope, err := r.scope(committed)
	if err != nil {
		return err
	}
	var set kadm.TopicsSet
	gone := []deleted{}
	for _, o := range committed.Sorted() {
		partitions, named := scope[o.Topic]
		if wanted := named && (partitions == nil || slices.Contains(partitions, o.Partition)); wanted && o.At >= 0 {
			set.Add(o.Topic, o.Partition)
			gone = append(gone, deleted{o.Topic, o.Partition, o.At})
		}
	}
	if len(gone) == 0 {
		return notFoundf("group %q has committed nothing there", group)
	}
	if !r.dryRun {
		answers, err := adm.DeleteOffsets(ctx, group, set)
		if errors.Is(err, kerr.GroupIDNotFound) {
			return notFoundf("group %q does not exist", group)
		}
		if err == nil {
			err = answers.Error()
		}
		if err != nil {
			return fmt.Errorf("delete offsets of group %q: %w", group, err)
		}
	}
	t := &table{head: []string{"TOPIC", "PARTITION", "COMMITTED"}}
	for _, d := range gone {
		t.add(d.Topic, d.Partition, d.Committed)
	}
	return r.print(c.OutOrStdout(), gone, t)
}
