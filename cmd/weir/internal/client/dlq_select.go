package client

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/filter"
	"weir/record"
	"weir/share"
)

// selection is which dead letters of a topic are meant.
type selection struct {
	*options
	group, origin, reason, where string
	count                        int64
	redriven                     bool // also those that were

	ids    map[letterID]bool // if any are named, only those
	filter *filter.Filter
}

type letterID struct {
	partition int32
	offset    int64
}

// deadLetter is one that was read.
type deadLetter struct {
	record  *kgo.Record
	headers []record.RecordHeader
	share.Letter
}

func (s *selection) bind(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.group, "group", "g", "", "only those of this share group")
	f.StringVar(&s.origin, "origin", "", "only those of records of this topic")
	f.StringVar(&s.reason, "reason", "", "only those whose reason has this text")
	f.StringVarP(&s.where, "filter", "w", "", "only those that match: an expression in CEL on key and headers, or pattern:<topic pattern>")
	f.Int64VarP(&s.count, "count", "n", 0, "at most so many")
}

// parse reads the letters that are named, and the filter.
func (s *selection) parse(ids []string) error {
	for _, text := range ids {
		p, o, ok := strings.Cut(text, ":")
		partition, err := strconv.ParseInt(p, 10, 32)
		offset, err2 := strconv.ParseInt(o, 10, 64)
		if !ok || err != nil || err2 != nil {
			return usagef("letter %q is not PARTITION:OFFSET", text)
		}
		if s.ids == nil {
			s.ids = map[letterID]bool{}
		}
		s.ids[letterID{int32(partition), offset}] = true
	}
	if s.where != "" {
		var err error
		if s.filter, err = filter.Compile(s.where); err != nil {
			return UsageError(err)
		}
	}
	return nil
}

// picks tells whether a letter is meant.
func (s *selection) picks(l *deadLetter) bool {
	r := l.record
	if s.ids != nil && !s.ids[letterID{r.Partition, r.Offset}] || s.group != "" && s.group != l.Group ||
		s.origin != "" && s.origin != l.Topic || !strings.Contains(l.Message, s.reason) {
		return false
	}
	return s.filter == nil || s.filter.Match(&record.Record{Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: r.Key,
		Value: r.Value, Headers: l.headers}, r.Partition)
}

// each reads the letters of a topic as they are now, and gives those that are meant, some at a time. What lies between the records
// that are there is noted as done. The client has options more.
func (s *selection) each(ctx context.Context, topic string, more []kgo.Opt,
	take func(cl *kgo.Client, picked []*deadLetter, d *letters) error,
) (*letters, error) {
	var d *letters
	err := s.admin(ctx, func(ctx context.Context, adm *kadm.Client) (err error) {
		d, err = findLetters(ctx, adm, topic)
		return err
	})
	if err != nil {
		return nil, err
	}
	from, at := map[int32]kgo.Offset{}, map[int32]int64{}
	for index, p := range d.parts {
		next := p.done.Next
		if s.redriven {
			next = p.start
		}
		if next < p.end {
			from[index], at[index] = kgo.NewOffset().At(next), next
		}
	}
	if len(from) == 0 {
		return d, nil
	}
	cl, err := s.dial(append([]kgo.Opt{kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.KeepControlRecords(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(100 * time.Millisecond)}, more...)...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	for given := int64(0); len(at) > 0 && (s.count == 0 || given < s.count); {
		picked, err := s.poll(ctx, cl, d, at)
		if err != nil {
			return d, err
		}
		if s.count > 0 && int64(len(picked)) > s.count-given {
			picked = picked[:s.count-given]
		}
		given += int64(len(picked))
		if err := take(cl, picked, d); err != nil {
			return d, err
		}
	}
	return d, nil
}

// poll reads some letters. at is where reading goes on in each partition; those that are read to the end leave it.
func (s *selection) poll(ctx context.Context, cl *kgo.Client, d *letters, at map[int32]int64) ([]*deadLetter, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	fetches := cl.PollFetches(ctx)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", d.topic, err)
	}
	if err := fatal(fetches); err != nil {
		return nil, err
	}
	var picked []*deadLetter
	for it := fetches.RecordIter(); !it.Done(); {
		r := it.Next()
		p, next := d.parts[r.Partition], at[r.Partition]
		if _, open := at[r.Partition]; !open || r.Offset >= p.end {
			continue
		}
		p.done.Add(next, r.Offset-1)
		if at[r.Partition] = r.Offset + 1; at[r.Partition] >= p.end {
			delete(at, r.Partition)
		}
		if r.Attrs.IsControl() {
			p.done.Add(r.Offset, r.Offset)
			continue
		}
		l := &deadLetter{record: r}
		for _, h := range r.Headers {
			l.headers = append(l.headers, record.RecordHeader{Key: h.Key, Value: h.Value})
		}
		l.Letter, _ = share.ReadLetter(l.headers)
		if (s.redriven || !p.done.Has(r.Offset)) && s.picks(l) {
			picked = append(picked, l)
		}
	}
	return picked, nil
}

// shownLetter is what is printed of a letter.
type shownLetter struct {
	Letter     string     `json:"letter"` // PARTITION:OFFSET
	Time       time.Time  `json:"time"`
	Origin     string     `json:"origin"` // TOPIC:PARTITION:OFFSET
	Group      string     `json:"group"`
	Deliveries int        `json:"deliveries"`
	Redrives   int        `json:"redrives"`
	Reason     string     `json:"reason"`
	Record     jsonRecord `json:"record"`
}

func (l *deadLetter) shown() shownLetter {
	x := shownLetter{Letter: l.place(), Time: l.record.Timestamp.UTC(), Group: l.Group, Deliveries: l.Deliveries, Redrives: l.Redrives,
		Reason: l.Message, Record: asJSON(l.record)}
	if l.Topic != "" {
		x.Origin = fmt.Sprintf("%s:%d:%d", l.Topic, l.Partition, l.Offset)
	}
	return x
}

// place is the name of a letter in its topic.
func (l *deadLetter) place() string { return fmt.Sprintf("%d:%d", l.record.Partition, l.record.Offset) }

// briefBytes is how much of a key or value is shown in a column.
const briefBytes = 40

func brief(b []byte) string {
	if b == nil {
		return ""
	}
	text := strconv.Quote(string(b[:min(len(b), briefBytes)]))
	if len(b) > briefBytes {
		text += "..."
	}
	return text
}
