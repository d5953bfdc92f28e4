package main

import (
	"github.com/spf13/cobra"

	"weir/cmd/weir/internal/dump"
)

// dumpCommand binds flags to dump.Run.
func dumpCommand() *cobra.Command {
	var o dump.Options
	c := &cobra.Command{
		Use:   "dump FILE|DIRECTORY",
		Short: "Show segments, indexes, snapshots and checkpoints as text",
		Long: `Show the files of a partition's directory as text. It only reads, takes no lock, and works beside a running broker
and on directories that Apache Kafka wrote. It fails at the first damage and says where it lies.`,
		Example: `  weir dump data/AbCdEf-0
  weir dump --groups data/XyZ-17/00000000000000000000.log`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, a []string) error { return dump.Run(c.OutOrStdout(), a[0], o) },
	}
	f := c.Flags()
	f.BoolVarP(&o.Records, "records", "r", false, "every record, not only the batches")
	f.BoolVarP(&o.Groups, "groups", "g", false, "the records of __consumer_offsets as what they say of groups")
	f.BoolVarP(&o.Transactions, "transactions", "t", false, "the records of __transaction_state as what they say of transactions")
	f.BoolVar(&o.JSON, "json", false, "one JSON object a line")
	return c
}
