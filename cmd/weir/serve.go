package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"

	"weir/broker"
	"weir/config"
)

// serveCommand binds flags to a broker that runs until the program is told to stop.
func serveCommand() *cobra.Command {
	var s settingFlags
	var profiles string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a broker",
		Long: `Run a broker until it is interrupted (SIGINT or SIGTERM), then stop cleanly. A second signal ends the
program at once.

Settings have Apache Kafka's names. The strongest source wins: --set, WEIR_ variables, KAFKA_ variables (as
in Apache's container image: KAFKA_LOG_DIRS is log.dirs), the --config file, defaults. "weir config" shows
what is in force.

Clients are told the address they connected to, unless advertised.listeners says otherwise. In a container
whose port is published on its host, say what clients use:
--set advertised.listeners=PLAINTEXT://localhost:9092.`,
		Example: `  weir serve
  weir serve --set listeners=PLAINTEXT://:9092 --set log.dirs=/var/lib/weir`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			values, err := s.load()
			if err != nil {
				return err
			}
			stop, err := profile(profiles)
			if err != nil {
				return err
			}
			return errors.Join(serve(c.Context(), values, newLogger(os.Stderr, values)), stop())
		},
	}
	s.bind(c)
	c.Flags().StringVar(&profiles, "profile-dir", "", "write cpu.pprof and allocs.pprof of the whole run to this folder")
	return c
}

// serve runs a broker until ctx ends or the broker cannot go on.
func serve(ctx context.Context, values *config.Values, logger *slog.Logger) error {
	for _, name := range values.Ignored() {
		logger.Warn("setting has no effect", "name", name)
	}
	limitMemory(values)
	b, err := broker.Open(ctx, broker.Config{Values: values, Logger: logger, Version: version})
	if err != nil {
		return err
	}
	var failed error
	select {
	case <-ctx.Done():
		logger.Info("stopping")
	case <-b.Done():
		failed = fmt.Errorf("broker cannot go on: %w", b.Err())
	}
	limit := time.Duration(values.Int64("weir.shutdown.timeout.ms")) * time.Millisecond
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return errors.Join(failed, b.Close(closing))
}

// newLogger makes the program's logger as weir.log.format and weir.log.level ask.
func newLogger(w *os.File, values *config.Values) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(values.String("weir.log.level"))) // the table allows only names of levels
	return slog.New(logHandler(w, isTerminal(w), values.String("weir.log.format"), level))
}

func logHandler(w io.Writer, terminal bool, format string, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	switch {
	case format == "json":
		return slog.NewJSONHandler(w, options)
	case format == "auto" && terminal:
		return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly})
	default:
		return slog.NewTextHandler(w, options)
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
