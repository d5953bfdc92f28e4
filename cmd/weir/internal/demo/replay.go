package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench/flights"
)

// delays sums up the departures of one carrier.
type delays struct {
	flights, cancelled, minutes int
}

func (s *delays) add(d flights.Departure) {
	s.flights++
	s.minutes += d.DelayMinutes
	if d.Cancelled {
		s.cancelled++
	}
}

func (s *delays) mean() float64 {
	if s.flights == s.cancelled {
		return 0
	}
	return float64(s.minutes) / float64(s.flights-s.cancelled)
}

// replay reads what was scheduled from the middle of the period on, found by timestamp, and computes the mean delay per
// carrier; the same is computed from the file, and both must be equal.
func (d *demo) replay(ctx context.Context) error {
	first, last := d.rows[0].Scheduled, d.rows[len(d.rows)-1].Scheduled
	from := first.Add(last.Sub(first) / 2).Truncate(24 * time.Hour)
	want := map[string]*delays{}
	rows := 0
	for _, row := range d.rows {
		if !row.Scheduled.Before(from) {
			rows++
			sum(want, row)
		}
	}
	began := time.Now()
	got, read, err := d.readFrom(ctx, from)
	if err != nil {
		return err
	}
	took := time.Since(began)
	if !maps.EqualFunc(got, want, func(a, b *delays) bool { return *a == *b }) {
		return fmt.Errorf("replay from %s: the delays differ from the file's", from.Format(time.DateOnly))
	}
	fmt.Fprintf(d.Out, "replayed from %s by timestamp: %d rows among %s\n", from.Format(time.DateOnly), rows, rate(read, took))
	tw := tabwriter.NewWriter(d.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "  carrier\tflights\tcancelled\tmean delay, minutes\t")
	for _, carrier := range slices.Sorted(maps.Keys(got)) {
		s := got[carrier]
		fmt.Fprintf(tw, "  %s\t%d\t%d\t%.1f\t\n", carrier, s.flights, s.cancelled, s.mean())
	}
	return tw.Flush()
}

func sum(into map[string]*delays, row flights.Departure) {
	if into[row.Carrier] == nil {
		into[row.Carrier] = &delays{}
	}
	into[row.Carrier].add(row)
}

// readFrom reads each partition from its first record at or after a time to its end, and sums up the rows at or after that time.
func (d *demo) readFrom(ctx context.Context, from time.Time) (map[string]*delays, int, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	offsets, left, err := d.stretch(ctx, from)
	if err != nil {
		return nil, 0, err
	}
	cl, err := d.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{d.topic: offsets}))
	if err != nil {
		return nil, 0, err
	}
	defer cl.Close()
	got, read := map[string]*delays{}, 0
	for read < left {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, 0, fmt.Errorf("replay: %d of %d records in %s: %w", read, left, stepTimeout, ctx.Err())
		}
		for it := fetches.RecordIter(); !it.Done(); read++ {
			r := it.Next()
			if r.Timestamp.Before(from) {
				continue
			}
			row, err := flights.Parse(string(r.Value))
			if err != nil {
				return nil, 0, fmt.Errorf("parse record: %w", err)
			}
			sum(got, row)
		}
	}
	return got, read, nil
}

// stretch gives where each partition is at a time, and how many records there are from there on.
func (d *demo) stretch(ctx context.Context, from time.Time) (map[int32]kgo.Offset, int, error) {
	offsets, left := map[int32]kgo.Offset{}, 0
	err := d.admin(ctx, func(ctx context.Context, adm *kadm.Client) error {
		starts, err := adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), d.topic)
		if err == nil {
			err = starts.Error()
		}
		if err != nil {
			return fmt.Errorf("find offsets by timestamp: %w", err)
		}
		ends, err := adm.ListEndOffsets(ctx, d.topic)
		if err != nil {
			return fmt.Errorf("list end offsets: %w", err)
		}
		starts.Each(func(s kadm.ListedOffset) {
			end, _ := ends.Lookup(s.Topic, s.Partition)
			left += int(end.Offset - s.Offset)
			offsets[s.Partition] = kgo.NewOffset().At(s.Offset)
		})
		return nil
	})
	return offsets, left, err
}
