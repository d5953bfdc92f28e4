package groups

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/datadriven"

	"weir/coordinator"
	"weir/log"
	"weir/record"
)

// commit GROUP CLIENT|- TOPIC:PARTITION=OFFSET[@EPOCH[/METADATA]] ... [retention=1h] [generation=N]
// [instance=I]
func (c *conversation) commit(d *datadriven.TestData) string {
	w := words(d)
	r := CommitRequest{GroupID: w[0], Generation: NoGeneration, RetentionMs: -1}
	r.InstanceID = optional(d, "instance")
	if w[1] != "-" {
		r.Generation, r.MemberID = c.generations[w[1]], option(d, "id", c.members[w[1]])
	}
	d.MaybeScanArgs(c.t, "generation", &r.Generation)
	if s := option(d, "retention", ""); s != "" {
		r.RetentionMs = duration(s).Milliseconds()
	}
	for _, a := range d.CmdArgs {
		topic, index, ok := strings.Cut(a.Key, ":")
		if !ok {
			continue
		}
		p := CommitPartition{Index: number(index), LeaderEpoch: -1}
		at, metadata, hasMetadata := strings.Cut(a.Vals[0], "/")
		at, epoch, hasEpoch := strings.Cut(at, "@")
		p.Offset = int64(number(at))
		if hasEpoch {
			p.LeaderEpoch = number(epoch)
		}
		if hasMetadata {
			p.Metadata = &metadata
		}
		t := CommitTopic{Name: topic, Partitions: []CommitPartition{p}}
		t.ID[0] = byte(number(option(d, "topic-id", "0")))
		r.Topics = append(r.Topics, t)
	}
	f := c.CommitOffsets
	if producer := option(d, "producer", ""); producer != "" {
		f = func(r CommitRequest) *coordinator.Future[CommitResponse] {
			p := coordinator.Producer{ID: int64(number(producer))}
			return c.CommitTransactionOffsets(TransactionCommitRequest{CommitRequest: r, Producer: p})
		}
	}
	return c.wait("commit", peek(f(r), func(v CommitResponse, err error) string {
		if err != nil {
			return short(err)
		}
		return results(v.Topics)
	}))
}

func results(topics []CommitTopicResult) string {
	var out []string
	for _, t := range topics {
		for _, p := range t.Partitions {
			result := "ok"
			if p.Err != nil {
				result = short(p.Err)
			}
			out = append(out, fmt.Sprintf("%s:%d %s", t.Name, p.Index, result))
		}
	}
	return strings.Join(out, ", ")
}

// fetch GROUP [TOPIC:PARTITION ...] [topic-id=N]: without partitions, all that there is.
func (c *conversation) fetch(d *datadriven.TestData) string {
	w := words(d)
	r := FetchRequest{GroupID: w[0], MemberEpoch: -1, All: len(w) == 1, RequireStable: true}
	for _, tp := range w[1:] {
		topic, index, _ := strings.Cut(tp, ":")
		t := FetchTopic{Name: topic, Partitions: []int32{number(index)}}
		t.ID[0] = byte(number(option(d, "topic-id", "0")))
		r.Topics = append(r.Topics, t)
	}
	return now(c, c.FetchOffsets(r), func(v FetchResponse) string {
		var out []string
		for _, t := range v.Topics {
			for _, p := range t.Partitions {
				at := fmt.Sprintf("%s:%d=%d@%d/%s", t.Name, p.Index, p.Offset, p.LeaderEpoch, p.Metadata)
				if p.Err != nil {
					at = fmt.Sprintf("%s:%d %s", t.Name, p.Index, short(p.Err))
				}
				out = append(out, at)
			}
		}
		return strings.Join(append(out, "."), " ")
	})
}

// marker commit|abort PRODUCER: the coordinator of transactions writes to the shard's partition.
func (c *conversation) marker(d *datadriven.TestData) string {
	w := words(d)
	kind := record.ControlAbort
	if w[0] == "commit" {
		kind = record.ControlCommit
	}
	b := record.ControlBatch(kind, int64(number(w[1])), 0, 0, c.clock.Now().UnixMilli())
	if _, err := c.log.Append(&b, log.Guard{}); err != nil {
		c.t.Fatal(err)
	}
	return ""
}

// delete-offsets GROUP TOPIC:PARTITION ...
func (c *conversation) deleteOffsets(d *datadriven.TestData) string {
	w := words(d)
	r := DeleteOffsetsRequest{GroupID: w[0]}
	for _, tp := range w[1:] {
		topic, index, _ := strings.Cut(tp, ":")
		r.Topics = append(r.Topics, DeleteOffsetsTopic{topic, []int32{number(index)}})
	}
	return now(c, c.DeleteOffsets(r), func(v DeleteOffsetsResponse) string { return results(v.Topics) })
}

// topic-deleted TOPIC
func (c *conversation) topicDeleted(d *datadriven.TestData) string {
	return now(c, c.TopicDeleted(words(d)[0]), func(struct{}) string { return "done" })
}

// describe GROUP ...
func (c *conversation) describe(d *datadriven.TestData) string {
	return now(c, c.Describe(words(d)), func(all []Description) string {
		var out []string
		for _, g := range all {
			if g.Err != nil {
				out = append(out, fmt.Sprintf("%s %s %s", g.GroupID, g.State, short(g.Err)))
				continue
			}
			line := fmt.Sprintf("%s %s protocol=%s/%s", g.GroupID, g.State, g.ProtocolType, g.Protocol)
			out = append(out, line)
			for _, m := range g.Members {
				out = append(out, describeMember(m))
			}
		}
		return strings.Join(out, "\n")
	})
}

// list [states=(...)] [types=(...)]
func (c *conversation) list(d *datadriven.TestData) string {
	var r ListRequest
	if s := option(d, "states", ""); s != "" {
		r.States = strings.Split(s, ",")
	}
	if s := option(d, "types", ""); s != "" {
		r.Types = strings.Split(s, ",")
	}
	return now(c, c.List(r), func(all []Listed) string {
		out := []string{fmt.Sprint(len(all), " groups")}
		for _, g := range all {
			out = append(out, fmt.Sprintf("  %s %s %q %s", g.GroupID, g.State, g.ProtocolType, g.Type))
		}
		return strings.Join(out, "\n")
	})
}

// delete GROUP ...
func (c *conversation) delete(d *datadriven.TestData) string {
	return now(c, c.Delete(words(d)), func(all []DeleteResult) string {
		var out []string
		for _, g := range all {
			result := "deleted"
			if g.Err != nil {
				result = short(g.Err)
			}
			out = append(out, g.GroupID+" "+result)
		}
		return strings.Join(out, ", ")
	})
}

// tick DURATION
func (c *conversation) tickCommand(d *datadriven.TestData) string {
	c.tick(duration(words(d)[0]))
	return ""
}

// crash [size=N]: the process dies and starts again, perhaps with another group.max.size.
func (c *conversation) crashCommand(d *datadriven.TestData) string {
	d.MaybeScanArgs(c.t, "size", &c.config.GroupMaxSize)
	c.crash()
	return ""
}

// resign, lead: the shard goes away and comes back, with nothing lost.
func (c *conversation) resign(*datadriven.TestData) string {
	c.Resign(0)
	return ""
}

func (c *conversation) lead(*datadriven.TestData) string {
	c.start()
	return ""
}

// log shows the records written since it was last shown.
func (c *conversation) showLog(*datadriven.TestData) string {
	lines, next := c.dump(c.shown)
	c.shown = next
	return strings.Join(append(lines, "."), "\n") + "\n"
}

// hold, release: nothing written becomes durable in between.
func (c *conversation) hold(*datadriven.TestData) string {
	c.log.Hold()
	c.held = true
	return ""
}

func (c *conversation) release(*datadriven.TestData) string {
	c.log.Release()
	c.held = false
	return ""
}

// refuse, accept: nothing can be written in between.
func (c *conversation) refuse(*datadriven.TestData) string {
	c.log.Refuse(fmt.Errorf("%w: %w", coordinator.ErrNotAvailable, errors.New("disk is full")))
	return ""
}

func (c *conversation) accept(*datadriven.TestData) string {
	c.log.Refuse(nil)
	return ""
}

func number(s string) int32 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		panic(err)
	}
	return int32(n)
}
