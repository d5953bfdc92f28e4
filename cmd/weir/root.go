package main

import (
	"github.com/spf13/cobra"

	"weir/cmd/weir/internal/client"
)

// rootCommand is the tree of all commands.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "weir",
		Short: "A Kafka-compatible commit log in one binary",
		Long: `Weir is a Kafka-compatible commit-log broker. "weir serve" runs it; the other commands are
clients that work against any Kafka broker, and tools.`,
		Version:       version,
		SilenceErrors: true, // main prints them
		SilenceUsage:  true,
	}
	measure := benchCommand()
	measure.AddCommand(benchCompareCommand(), benchLimitCommand(), benchReportCommand())
	root.AddCommand(serveCommand(), configCommand(), dumpCommand(), demoCommand(), measure)
	root.AddCommand(client.Commands()...)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return client.UsageError(err) })
	return root
}
