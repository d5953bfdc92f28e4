// Package client holds the commands of weir that are clients of a broker: topic, produce, consume, group, txn,
// queue, dlq, request and reply.
//
// They speak the Kafka protocol only, so they work against any Kafka broker. Results go to standard output (aligned
// columns, or one JSON document with --json), everything else to standard error.
package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// DefaultBootstrap is where a broker started by `weir serve` without settings listens.
const DefaultBootstrap = "127.0.0.1:9092"

// Exit codes of the commands, for scripts.
const (
	ExitFailed   = 1 // the broker refused, or could not be reached
	ExitUsage    = 2 // the words of the call are off
	ExitNotFound = 3 // the named topic or group does not exist
)

// options are the flags that every client command takes.
type options struct {
	bootstrap string
	json      bool
	timeout   time.Duration
}

// Commands gives the client commands, each with the flags that they share.
func Commands() []*cobra.Command {
	o := &options{}
	all := []*cobra.Command{topicCommand(o), produceCommand(o), consumeCommand(o), groupCommand(o), txnCommand(o), queueCommand(o),
		dlqCommand(o), requestCommand(o), replyCommand(o)}
	for _, c := range all {
		o.bind(c)
	}
	return all
}

func (o *options) bind(c *cobra.Command) {
	bootstrap := os.Getenv("WEIR_BOOTSTRAP")
	if bootstrap == "" {
		bootstrap = DefaultBootstrap
	}
	f := c.PersistentFlags()
	f.StringVarP(&o.bootstrap, "bootstrap", "b", bootstrap, "brokers to ask first, host:port, comma-separated (or WEIR_BOOTSTRAP)")
	f.BoolVar(&o.json, "json", false, "print JSON instead of columns")
	f.DurationVar(&o.timeout, "timeout", 15*time.Second, "how long to wait for the broker's answers")
}

// exitError is an error that ends the program with a code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// ExitCode gives the code with which the program shall end.
func (e *exitError) ExitCode() int { return e.code }

// UsageError marks an error as a mistake in the words of the call: the program ends with ExitUsage.
func UsageError(err error) error { return &exitError{ExitUsage, err} }

func usagef(format string, a ...any) error {
	return &exitError{ExitUsage, fmt.Errorf(format, a...)}
}

func notFoundf(format string, a ...any) error {
	return &exitError{ExitNotFound, fmt.Errorf(format, a...)}
}

// Args wraps a check of positional arguments so that its refusal is a usage error.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		if err := check(c, a); err != nil {
			return UsageError(err)
		}
		return nil
	}
}

func (o *options) seeds() []string { return strings.Split(o.bootstrap, ",") }

// dial makes a client; the first request connects. The caller closes it.
func (o *options) dial(more ...kgo.Opt) (*kgo.Client, error) {
	opts := append([]kgo.Opt{
		kgo.SeedBrokers(o.seeds()...),
		kgo.ClientID("weir"),
		kgo.RetryTimeout(o.timeout),
		kgo.DialTimeout(min(o.timeout, 10*time.Second)),
	}, more...)
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", o.bootstrap, err)
	}
	return cl, nil
}

// admin runs f with an admin client under the command's time limit.
func (o *options) admin(ctx context.Context, f func(context.Context, *kadm.Client) error) error {
	return o.clients(ctx, func(ctx context.Context, _ *kgo.Client, adm *kadm.Client) error { return f(ctx, adm) })
}

// clients is admin for an f that asks what the admin client has no words for.
func (o *options) clients(ctx context.Context, f func(context.Context, *kgo.Client, *kadm.Client) error) error {
	cl, err := o.dial()
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	adm := kadm.NewClient(cl)
	adm.SetTimeoutMillis(int32(o.timeout.Milliseconds()))
	err = f(ctx, cl, adm)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer from %s within %s: %w", o.bootstrap, o.timeout, err)
	}
	return err
}

// completeTopics offers the topics of the broker for shell completion.
func (o *options) completeTopics(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	o.timeout = min(o.timeout, 2*time.Second)
	err := o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
		topics, err := adm.ListTopics(ctx)
		names = topics.Names()
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeGroups offers the groups of the broker for shell completion.
func (o *options) completeGroups(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	o.timeout = min(o.timeout, 2*time.Second)
	err := o.admin(c.Context(), func(ctx context.Context, adm *kadm.Client) error {
		groups, err := adm.ListGroups(ctx)
		names = groups.Groups()
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
