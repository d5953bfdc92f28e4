// Package demo shows a broker at work on real events: the departures from New York City's airports in 2013.
//
// It writes them keyed by carrier, shares them among three competing consumers of which one dies, publishes them to two
// independent groups, and replays them from a point in time. Every step counts and compares with the file; a record that is
// missing, or there twice, fails the demo. It speaks the Kafka protocol only, so any Kafka broker can be shown.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench/flights"
)

// partitions of the demo's topic.
const partitions = 6

// Config says what to show, and where.
type Config struct {
	// Bootstrap is where the broker listens, host:port, comma-separated.
	Bootstrap string
	// Flights is a flights file of the data set; empty means the embedded month.
	Flights string
	// Keep leaves the topic and the groups for a look afterwards.
	Keep bool
	// Out takes the report.
	Out io.Writer
}

// demo is one run.
type demo struct {
	Config
	topic string
	rows  []flights.Departure
}

// Run shows everything and gives an error if a count is off.
func Run(ctx context.Context, c Config) error {
	d := &demo{Config: c, topic: "flights-" + time.Now().UTC().Format("20060102-150405.000")}
	if err := d.load(); err != nil {
		return err
	}
	if err := d.create(ctx); err != nil {
		return err
	}
	steps := []func(context.Context) error{d.write, d.compete, d.subscribe, d.replay}
	var failed error
	for _, step := range steps {
		if failed = step(ctx); failed != nil {
			break
		}
	}
	if !c.Keep {
		failed = errors.Join(failed, d.remove(context.WithoutCancel(ctx)))
	}
	if failed == nil {
		fmt.Fprintln(d.Out, "every count adds up")
	}
	return failed
}

func (d *demo) load() error {
	var source iter.Seq2[flights.Departure, error] = flights.January()
	name := "January 2013, embedded"
	if d.Flights != "" {
		source, name = flights.File(d.Flights), d.Flights
	}
	for row, err := range source {
		if err != nil {
			return err
		}
		d.rows = append(d.rows, row)
	}
	fmt.Fprintf(d.Out, "departures from New York City (%s): %d rows\n", name, len(d.rows))
	return nil
}

func (d *demo) client(opts ...kgo.Opt) (*kgo.Client, error) {
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(strings.Split(d.Bootstrap, ",")...), kgo.ClientID("weir-demo")}, opts...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.Bootstrap, err)
	}
	return cl, nil
}

func (d *demo) admin(ctx context.Context, f func(context.Context, *kadm.Client) error) error {
	cl, err := d.client()
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return f(ctx, kadm.NewClient(cl))
}

// create makes the topic. The events are from 2013, so time-based retention would delete them at once: it is off.
func (d *demo) create(ctx context.Context) error {
	return d.admin(ctx, func(ctx context.Context, adm *kadm.Client) error {
		forever := "-1"
		_, err := adm.CreateTopic(ctx, partitions, -1, map[string]*string{"retention.ms": &forever}, d.topic)
		if err != nil {
			return fmt.Errorf("create topic %s: %w", d.topic, err)
		}
		return nil
	})
}

func (d *demo) remove(ctx context.Context) error {
	return d.admin(ctx, func(ctx context.Context, adm *kadm.Client) error {
		_, err := adm.DeleteTopic(ctx, d.topic)
		if err != nil {
			err = fmt.Errorf("delete topic %s: %w", d.topic, err)
		}
		groups := []string{d.group("desk"), d.group("billing"), d.group("weather")}
		answers, failed := adm.DeleteGroups(ctx, groups...)
		for _, a := range answers {
			failed = errors.Join(failed, a.Err)
		}
		return errors.Join(err, failed)
	})
}

func (d *demo) group(name string) string { return d.topic + "-" + name }

// rate shows how many records took how long.
func rate(n int, took time.Duration) string {
	return fmt.Sprintf("%d records in %s, %.0f/s", n, took.Round(time.Millisecond), float64(n)/took.Seconds())
}
