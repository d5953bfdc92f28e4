//go:build kill

package kill

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/checker"
)

// stuck is for how long nothing happens in a group that will never finish: far longer than any lock or delay of the modes.
const stuck = 20 * time.Second

// awaitWorkedOff waits until the group's start is at the end of every partition. It is false if that is not to be.
func (c *crew) awaitWorkedOff() bool {
	c.t.Helper()
	cl := c.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	starts, seen, moved := map[int32]int64{}, 0, time.Now()
	for time.Since(moved) < stuck {
		ends, err := adm.ListEndOffsets(c.t.Context(), "work")
		if err != nil {
			continue
		}
		now, done := c.starts(cl), 0
		for p, start := range now {
			if end, ok := ends.Lookup("work", p); ok && end.Err == nil && start == end.Offset {
				done++
			}
		}
		if done == sharePartitions {
			return true
		}
		if n := c.progress(); n != seen || !maps.Equal(now, starts) {
			starts, seen, moved = now, n, time.Now()
		}
		time.Sleep(50 * time.Millisecond) // the members are at it
	}
	c.t.Errorf("group %s stands still before the end of the topic, at %v", c.group, starts)
	return false
}

// starts is where the group begins in each partition.
func (c *crew) starts(cl *kgo.Client) map[int32]int64 {
	g := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	g.GroupID = c.group
	topic := kmsg.NewDescribeShareGroupOffsetsRequestGroupTopic()
	topic.Topic = "work"
	for p := range int32(sharePartitions) {
		topic.Partitions = append(topic.Partitions, p)
	}
	g.Topics = append(g.Topics, topic)
	req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	req.Groups = append(req.Groups, g)
	resp, err := req.RequestWith(c.t.Context(), cl)
	if err != nil || len(resp.Groups) != 1 || len(resp.Groups[0].Topics) != 1 {
		return nil
	}
	starts := map[int32]int64{}
	for _, p := range resp.Groups[0].Topics[0].Partitions {
		starts[p.Partition] = p.StartOffset
	}
	return starts
}

// read gives all records of a topic that readers of an isolation level see; none of one that does not exist.
func (j *jobs) read(topic string, level kgo.IsolationLevel) []*kgo.Record {
	j.t.Helper()
	cl := j.client()
	defer cl.Close()
	ctx, cancel := context.WithTimeout(j.t.Context(), time.Minute)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListEndOffsets(ctx, topic)
	if err != nil {
		j.t.Fatal(err)
	}
	from, left := map[int32]kgo.Offset{}, map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Err == nil && o.Offset > 0 {
			from[o.Partition], left[o.Partition] = kgo.NewOffset().AtStart(), o.Offset
		}
	})
	if len(left) == 0 {
		return nil
	}
	reader := j.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}), kgo.FetchIsolationLevel(level),
		kgo.KeepControlRecords())
	defer reader.Close()
	var all []*kgo.Record
	for len(left) > 0 {
		if ctx.Err() != nil {
			j.t.Fatalf("%s is not read to its end: %v", topic, left)
		}
		for _, r := range reader.PollFetches(ctx).Records() {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
			if !r.Attrs.IsControl() {
				all = append(all, r)
			}
		}
	}
	return all
}

// judge holds what was sent against the topic, and what each group made of the topic against its rules.
func (j *jobs) judge() {
	j.t.Helper()
	records := j.read("work", kgo.ReadCommitted())
	there := map[string][]checker.Place{}
	for _, r := range records {
		there[string(r.Value)] = append(there[string(r.Value)], placeOf(r))
	}
	for id, at := range j.sent {
		if len(there[id]) == 0 || at != nowhere && !slices.Contains(there[id], at) {
			j.t.Errorf("message %s was sent to %v, and is at %v", id, at, there[id])
		}
	}
	for id, places := range there {
		if len(places) > 1 {
			j.t.Errorf("message %s is there %d times: %v", id, len(places), places)
		}
	}
	for _, c := range j.crews {
		c.judge(records)
	}
}

// findings are what a history had.
type findings struct {
	accepted, rejected, exhausted, expired int
	waited                                 [10]int // by priority, the deliveries between a record and its first one, on average
	lucky                                  int     // records of priority 0 that came while many of the others waited in their partition
}

func (c *crew) judge(records []*kgo.Record) {
	c.t.Helper()
	s := &checker.Shared{Records: map[checker.Place]*checker.Job{}, Deliveries: c.deliveries, Takes: c.takes, Kills: c.kills, Limit: c.limit,
		ByKey: c.settings["weir.share.order"] == "key", Lock: int64(lockTime)}
	for _, r := range records {
		s.Records[placeOf(r)] = c.job(r)
	}
	f := &findings{}
	s.Letters = c.readLetters(records, kgo.ReadCommitted())
	if n := len(c.readLetters(records, kgo.ReadUncommitted())); n != len(s.Letters) {
		c.t.Errorf("%s: %d dead letters are read, but %d when they are committed", c.group, n, len(s.Letters))
	}
	for _, l := range s.Letters {
		switch l.Cause {
		case checker.ByReject:
			f.rejected++
		case checker.ByLimit:
			f.exhausted++
		case checker.ByTime:
			f.expired++
		}
	}
	highest := 0
	for _, d := range c.deliveries {
		highest = max(highest, d.Count)
		if d.Verdict == checker.Accepted && d.Outcome == checker.OK {
			f.accepted++
		}
	}
	c.waits(records, f)
	report := checker.CheckShared(s)
	c.t.Logf("%s: %d kills, %d records, %d deliveries (up to %d of one), %d accepted for certain; dead letters: %d rejected, %d exhausted, %d expired; %d lives and takes lost",
		c.group, len(c.kills), len(records), len(c.deliveries), highest, f.accepted, f.rejected, f.exhausted, f.expired, len(c.takes))
	c.judgeBack()
	if !report.OK() {
		c.t.Errorf("%s: the history is not sound: %v", c.group, report)
	}
	if len(records) < 100 || f.accepted+f.rejected < 50 {
		c.t.Errorf("%s: there was too little to judge", c.group)
	}
	if c.also != nil {
		c.also(c, f)
	}
}

// judgeBack wants what members gave back that left in order to be delivered again before its lock would have ended. Not all of it is: the
// broker may be killed, and others may have to be delivered first.
func (c *crew) judgeBack() {
	c.t.Helper()
	of := map[checker.Place][]*checker.Delivery{}
	for _, d := range c.deliveries {
		of[d.Place] = append(of[d.Place], d)
	}
	certain, soon := 0, 0
	for _, e := range c.back {
		if e.Outcome != checker.OK || e.Count >= c.limit {
			continue
		}
		certain++
		if slices.ContainsFunc(of[e.Place], func(d *checker.Delivery) bool {
			return d.Count == e.Count+1 && d.Arrived > e.Asked && d.Arrived < e.Until
		}) {
			soon++
		}
	}
	c.t.Logf("%s: %d members left in order and gave back %d records, %d for certain; %d of those came before their locks would have ended",
		c.group, c.left, len(c.back), certain, soon)
	if certain >= 50 && soon == 0 {
		c.t.Errorf("%s: of %d records that were given back none came again at once", c.group, certain)
	}
}

// job is what a record asks for.
func (c *crew) job(r *kgo.Record) *checker.Job {
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	number := func(text string) (int64, bool) {
		n, err := strconv.ParseInt(text, 10, 64)
		return n * 1e6, err == nil
	}
	written := r.Timestamp.UnixNano()
	job := &checker.Job{Key: string(r.Key), Written: written, Unwanted: c.wants != nil && !c.wants(headers)}
	if n, ok := number(c.topic["weir.message.delay.ms"]); ok {
		job.NotBefore = written + n
	}
	if n, ok := number(headers["weir.deliver.after"]); ok {
		job.NotBefore = written + n
	}
	if n, ok := number(headers["weir.deliver.at"]); ok {
		job.NotBefore = n
	}
	if n, ok := number(c.topic["weir.message.ttl.ms"]); ok {
		job.Expires = written + n
	}
	if n, ok := number(headers["weir.ttl"]); ok {
		job.Expires = written + n
	}
	return job
}

// waits finds how long records waited that have a priority.
func (c *crew) waits(records []*kgo.Record, f *findings) {
	slices.SortFunc(c.deliveries, func(a, b *checker.Delivery) int { return cmp.Compare(a.Arrived, b.Arrived) })
	first := map[checker.Place]int{}
	for i, d := range c.deliveries {
		if _, ok := first[d.Place]; !ok {
			first[d.Place] = i
		}
	}
	type wait struct {
		priority      int
		partition     int32
		written, came int64
	}
	var all []wait
	count := [10]int{}
	for _, r := range records {
		at, met := first[placeOf(r)]
		for _, h := range r.Headers {
			priority, err := strconv.Atoi(string(h.Value))
			if h.Key != "weir.priority" || err != nil || !met {
				continue
			}
			w := wait{priority, r.Partition, r.Timestamp.UnixNano(), c.deliveries[at].Arrived}
			before, _ := slices.BinarySearchFunc(c.deliveries, w.written, func(d *checker.Delivery, t int64) int {
				return cmp.Compare(d.Arrived, t)
			})
			f.waited[priority] += at - before
			count[priority]++
			all = append(all, w)
		}
	}
	for i := range f.waited {
		f.waited[i] /= max(count[i], 1)
	}
	for _, low := range all {
		if low.priority > 0 {
			continue
		}
		others := 0
		for _, w := range all {
			if w.priority > 0 && w.partition == low.partition && w.written < low.came-int64(100*time.Millisecond) && w.came > low.came {
				others++
			}
		}
		if others >= 100 {
			f.lucky++
		}
	}
}

// causes are the messages of dead letters.
var causes = map[string]checker.Cause{"Offset rejected by client.": checker.ByReject,
	"Offset delivery count exceeded the threshold.": checker.ByLimit, "Offset outlived its time to live.": checker.ByTime}

// readLetters reads the group's dead letters, which carry what their records have.
func (c *crew) readLetters(records []*kgo.Record, level kgo.IsolationLevel) []checker.Letter {
	c.t.Helper()
	values := map[checker.Place]string{}
	for _, r := range records {
		values[placeOf(r)] = string(r.Value)
	}
	var all []checker.Letter
	for _, r := range c.read(c.letters(), level) {
		l := checker.Letter{Written: r.Timestamp.UnixNano()}
		for _, h := range r.Headers {
			n, _ := strconv.ParseInt(string(h.Value), 10, 64)
			switch h.Key {
			case "__dlq.errors.partition":
				l.Partition = int32(n)
			case "__dlq.errors.offset":
				l.Offset = n
			case "__dlq.errors.delivery.count":
				l.Count = int(n)
			case "__dlq.errors.message":
				l.Cause = causes[string(h.Value)]
			case "__dlq.errors.group":
				if string(h.Value) != c.group {
					c.t.Errorf("%s: a dead letter of group %s", c.group, h.Value)
				}
			}
		}
		if value := string(r.Value); value != values[l.Place] {
			c.t.Errorf("%s: the dead letter of %v has value %q, not %q", c.group, l.Place, value, values[l.Place])
		}
		all = append(all, l)
	}
	return all
}
