package share

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"weir/coordinator"
	"weir/filter"
)

// TestConversations runs the conversations in testdata/conversations: what members of a share group ask, what they are answered, and what is
// written. With -rewrite the answers are written anew.
//
// Acquired records are shown as first-last*deliveries. "log" shows what was written to the state since it was last asked. A fetch
// with "wait" is parked if there is nothing; its answer is shown under the command that made it come.
func TestConversations(t *testing.T) {
	datadriven.Walk(t, "testdata/conversations", func(t *testing.T, path string) {
		c := &conversation{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return c.run(t, d) })
	})
}

// conversation is the state of one script.
type conversation struct {
	*rig
	parked chan string // the answer of the fetch that waits; nil if none does
	shown  int64       // offset up to which the state's log was shown
}

func (c *conversation) run(t *testing.T, d *datadriven.TestData) string {
	if d.Cmd == "start" {
		c.rig = newRig(t)
		c.set(d)
		c.crash(0) // with that configuration
		return ""
	}
	c.TB = t
	command, ok := map[string]func(d *datadriven.TestData) string{
		"produce": c.produceCommand, "fetch": c.fetchCommand, "ack": c.ackCommand, "close": c.closeCommand,
		"tick": c.tickCommand, "crash": c.crashCommand, "set": c.set, "reset": c.resetCommand, "delete": c.deleteCommand,
		"cut": c.cutCommand, "offsets": c.offsetsCommand, "runs": c.runsCommand, "dead": c.deadCommand, "log": c.logCommand,
	}[d.Cmd]
	if !ok {
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	out := command(d)
	c.rest()
	if out += c.arrived(); out == "" {
		return "ok\n"
	}
	return strings.TrimRight(out, "\n") + "\n"
}

// rest returns when all that was begun is done: what is due, and the dead letters.
func (c *conversation) rest() {
	c.Helper()
	c.settle()
	for deadline := time.Now().Add(10 * time.Second); c.dying(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			c.Fatal("dead letters are not written")
		}
	}
	c.settle()
}

func (c *conversation) dying() bool {
	n, err := coordinator.Decide(c.s.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (int, error) {
		return len(m.part(c.key()).burials()), nil
	}).Result()
	must(c, err)
	return n > 0
}

// set changes the group's settings, a start also the broker's.
func (c *conversation) set(d *datadriven.TestData) string {
	s := &c.settings
	for _, a := range d.CmdArgs {
		value := strings.Join(a.Vals, ",")
		switch a.Key {
		case "lock":
			s.LockDuration = duration(c, value)
		case "limit":
			s.DeliveryLimit = int16(number(c, value))
		case "locks":
			s.MaxLocks = int(number(c, value))
		case "no-renewal":
			s.Renew = false
		case "order":
			s.Order = map[string]Order{"offset": ByOffset, "priority": ByPriority, "key": ByKey}[value]
		case "letters":
			s.DeadLetters, s.CopyRecord = "dlq.t", true
		case "backoff":
			s.Backoff = Backoff{Min: duration(c, a.Vals[0]), Max: duration(c, a.Vals[1]), Multiplier: 2}
		case "filter":
			f, err := filter.Compile(value)
			must(c, err)
			s.Filter = f
		case "latest":
			s.Reset.Kind = ResetLatest
		case "snapshot":
			c.config.SnapshotUpdates = int(number(c, value))
		case "prune":
			c.config.PruneInterval = duration(c, value)
		default:
			d.Fatalf(c, "unknown setting %s", a.Key)
		}
	}
	return ""
}

// produceCommand is produce, and a record a line below: one batch.
func (c *conversation) produceCommand(d *datadriven.TestData) string {
	first := c.part(c.topic).Log().EndOffset()
	c.produce(strings.Split(strings.TrimSpace(d.Input), "\n")...)
	return fmt.Sprintf("%d-%d", first, c.part(c.topic).Log().EndOffset()-1)
}

// fetchCommand is fetch MEMBER RECORDS [exactly] [wait]: batches are made whole unless it says exactly, which is Kafka's mode
// record-limit. With span=RECORDS it is another number of records that make a range of the answer; with bytes=N no more than these are asked for.
func (c *conversation) fetchCommand(d *datadriven.TestData) string {
	member := d.CmdArgs[0].Key
	r := c.waiting(member)
	r.MaxRecords, r.Strict, r.MaxWait = int(number(c, d.CmdArgs[1].Key)), d.HasArg("exactly"), 0
	r.BatchSize = r.MaxRecords
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "span":
			r.BatchSize = int(number(c, a.Vals[0]))
		case "bytes":
			r.MaxBytes = int(number(c, a.Vals[0]))
		}
	}
	if !d.HasArg("wait") {
		return c.fetched(r)
	}
	r.MaxWait = time.Hour
	answer := make(chan string, 1)
	go func() { answer <- c.fetched(r) }()
	c.awaitWaiter()
	c.parked = answer
	return member + ": parked\n"
}

func (c *conversation) fetched(r FetchRequest) string {
	got := c.s.Fetch(nil, r)[0]
	if got.Err != nil {
		return r.Member + ": error: " + got.Err.Error()
	}
	out := r.Member + ":"
	for _, a := range got.Acquired {
		out += fmt.Sprintf(" %d-%d*%d", a.First, a.Last, a.DeliveryCount)
	}
	if len(got.Acquired) == 0 {
		out += " nothing"
	}
	return out
}

// arrived shows the answer of the fetch that waits, if it has been woken.
func (c *conversation) arrived() string {
	if c.parked == nil || c.waits() > 0 {
		return ""
	}
	defer func() { c.parked = nil }()
	return <-c.parked
}

func (c *conversation) waits() int {
	n, err := coordinator.Decide(c.s.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (int, error) {
		return len(m.part(c.key()).waiters), nil
	}).Result()
	must(c, err)
	return n
}

var ackTypes = map[string]AckType{"gap": Gap, "accept": Accept, "release": Release, "reject": Reject, "renew": Renew}

// ackCommand is ack MEMBER FIRST-LAST=TYPE FIRST-LAST=(TYPE,TYPE,...) ... [delay=DURATION].
func (c *conversation) ackCommand(d *datadriven.TestData) string {
	delayMs := int64(-1)
	var all []AckBatch
	for _, a := range d.CmdArgs[1:] {
		if a.Key == "delay" {
			delayMs = duration(c, a.Vals[0]).Milliseconds()
			continue
		}
		first, last, ranged := strings.Cut(a.Key, "-")
		if !ranged {
			last = first
		}
		b := AckBatch{First: number(c, first), Last: number(c, last)}
		for _, v := range a.Vals {
			b.Types = append(b.Types, ackTypes[v])
		}
		all = append(all, b)
	}
	for i := range all {
		all[i].DelayMs = delayMs
	}
	if err := c.ackWith(d.CmdArgs[0].Key, all...); err != nil {
		return "error: " + err.Error()
	}
	return ""
}

// closeCommand is close MEMBER: its session ends.
func (c *conversation) closeCommand(d *datadriven.TestData) string {
	_, err := c.s.Release(c.key(), d.CmdArgs[0].Key).Result()
	must(c, err)
	return ""
}

func (c *conversation) tickCommand(d *datadriven.TestData) string {
	c.advance(duration(c, d.CmdArgs[0].Key))
	return ""
}

// crashCommand cuts the power; nothing that was not synced is left.
func (c *conversation) crashCommand(*datadriven.TestData) string {
	c.crash(0)
	return ""
}

// resetCommand is reset OFFSET: the group begins anew there.
func (c *conversation) resetCommand(d *datadriven.TestData) string {
	_, err := c.s.Alter(c.key(), number(c, d.CmdArgs[0].Key)).Result()
	must(c, err)
	return ""
}

// deleteCommand has the group forget the partition.
func (c *conversation) deleteCommand(*datadriven.TestData) string {
	_, err := c.s.Delete(c.key()).Result()
	must(c, err)
	return ""
}

// cutCommand is cut OFFSET: the topic's records before it are deleted.
func (c *conversation) cutCommand(d *datadriven.TestData) string {
	_, err := c.part(c.topic).DeleteRecords(number(c, d.CmdArgs[0].Key))
	must(c, err)
	return ""
}

func (c *conversation) offsetsCommand(*datadriven.TestData) string {
	o := c.offsets()
	d := o.Depth(c.part(c.topic).HighWatermark())
	return fmt.Sprintf("start %d, complete %d; available %d (unseen %d), in flight %d, delayed %d, dying %d", o.Start, o.Complete, d.Available,
		d.Unseen, d.InFlight, d.Delayed, d.Dying)
}

// runsCommand shows what the machine knows of the partition.
func (c *conversation) runsCommand(*datadriven.TestData) string {
	text, err := coordinator.Decide(c.s.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (string, error) {
		p := m.part(c.key())
		out := fmt.Sprintf("start %d, known %d\n", p.start, p.known)
		p.runs.Ascend(func(r run) bool {
			out += fmt.Sprintf("%d-%d*%d %s", r.first, r.last, r.count, stateNames[r.state])
			if r.detail != nil && r.state == StateAcquired {
				out += fmt.Sprintf(" by %s until %s", r.detail.member, clockOf(r.detail.until))
			}
			if r.detail != nil && r.state == StateAvailable && r.detail.due > 0 {
				out += " from " + clockOf(r.detail.due)
			}
			out += "\n"
			return true
		})
		return out, nil
	}).Result()
	must(c, err)
	return text
}

func (c *conversation) deadCommand(*datadriven.TestData) string {
	if letters := c.dead(); len(letters) > 0 {
		return strings.Join(letters, "\n")
	}
	return "none"
}

var stateNames = map[State]string{StateAvailable: "available", StateAcquired: "acquired", StateAcknowledged: "acknowledged",
	StateArchiving: "archiving", StateArchived: "archived"}

// clockOf is a time in seconds since the conversation began.
func clockOf(ms int64) string { return fmt.Sprintf("%gs", float64(ms-1_000_000)/1000) }

// logCommand shows the records of the state that were written since it was last asked, and where its log begins if that moved.
func (c *conversation) logCommand(*datadriven.TestData) string {
	p := c.part(c.state)
	var out strings.Builder
	if start := p.StartOffset(); start > c.shown {
		fmt.Fprintf(&out, "pruned before %d\n", start)
		c.shown = start
	}
	for c.shown < p.HighWatermark() {
		raw, err := read(p, c.shown, make([]byte, scanBytes))
		must(c, err)
		for b := range batches(raw) {
			for rec, err := range b.Records(0) {
				must(c, err)
				if rec.Offset >= c.shown && !b.IsControl() {
					fmt.Fprintf(&out, "%d: %s\n", rec.Offset, told(c, rec.Key, rec.Value))
				}
			}
			c.shown = b.LastOffset() + 1
		}
	}
	if out.Len() == 0 {
		return "nothing"
	}
	return out.String()
}

// told is a record of the state in words.
func told(t testing.TB, key, value []byte) string {
	_, version, _, err := parseKey(key)
	must(t, err)
	name := map[int16]string{keySnapshot: "snapshot", keyUpdate: "update"}[version]
	if value == nil {
		return name + " deleted"
	}
	v, err := parseValue(version, value)
	must(t, err)
	out := fmt.Sprintf("%s snapshotEpoch=%d", name, v.snapshotEpoch)
	if version == keySnapshot {
		out += fmt.Sprintf(" stateEpoch=%d", v.stateEpoch)
	}
	out += fmt.Sprintf(" leaderEpoch=%d", v.leaderEpoch)
	if v.start != noChange {
		out += fmt.Sprintf(" start=%d", v.start)
	}
	out += fmt.Sprintf(" complete=%d", v.complete)
	for _, b := range v.batches {
		out += fmt.Sprintf(", %d-%d*%d %s", b.first, b.last, b.count, stateNames[b.state])
	}
	for _, d := range v.due {
		out += fmt.Sprintf(", %d-%d from %s", d.first, d.last, clockOf(d.dueMs))
	}
	for _, d := range v.dying {
		out += fmt.Sprintf(", %d-%d dies: %q, letter in %s from %d", d.first, d.last, messages[d.cause], d.topic, d.from)
	}
	return out
}

func number(t testing.TB, text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	must(t, err)
	return n
}

func duration(t testing.TB, text string) time.Duration {
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}
