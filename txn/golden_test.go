package txn

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"weir/coordinator"
)

// TestConversations runs the conversations in testdata/conversations: what producers ask, and what the coordinator answers.
// With -rewrite the answers are written anew.
//
// Producers have names and use the producer id and epoch that they were last told, unless one is given as
// with=ID/EPOCH. "parked" is an answer that has not come yet; it is shown under the command that made it come.
// "markers" shows the endings whose markers are to be written, and "written" tells the oldest that they are.
func TestConversations(t *testing.T) {
	datadriven.Walk(t, "testdata/conversations", func(t *testing.T, path string) {
		c := &conversation{t: t, producers: make(map[string]Producer), nextID: 100}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return c.run(d) })
	})
}

// conversation is the state of one script.
type conversation struct {
	t *testing.T
	*rig
	producers map[string]Producer
	parked    []waiting
	nextID    int64 // the producer id that is handed out next
	shown     int64 // offset up to which the log was shown
}

// waiting is an answer that has not come yet.
type waiting struct {
	who    string
	answer func() (string, bool)
}

// agree has the cluster agree on a protocol.
func (c *conversation) agree(version int16) {
	c.rig.version = version
	c.SetVersion(version)
}

func (c *conversation) agreeCommand(d *datadriven.TestData) string {
	var version int
	d.ScanArgs(c.t, "version", &version)
	c.agree(int16(version))
	return "ok"
}

func (c *conversation) run(d *datadriven.TestData) string {
	if d.Cmd == "start" {
		var config Config
		version := int(Bumped)
		d.MaybeScanArgs(c.t, "version", &version)
		d.MaybeScanArgs(c.t, "batch", &config.BatchMaxBytes)
		var every int
		d.MaybeScanArgs(c.t, "abort-seconds", &every)
		config.AbortInterval = time.Duration(every) * time.Second
		c.rig = newRig(c.t, config)
		c.agree(int16(version))
		return ""
	}
	if c.rig == nil {
		c.rig = newRig(c.t, Config{})
	}
	command, ok := map[string]func(d *datadriven.TestData) string{
		"init": c.init, "add": c.add, "verify": c.verify, "commit": c.commit, "abort": c.abort,
		"describe": c.describe, "list": c.list, "tick": c.tickCommand, "crash": c.crashCommand,
		"markers": c.showMarkers, "written": c.written, "log": c.showLog, "hold": c.hold, "release": c.release,
		"hear": c.hear, "refuse": c.refuse, "accept": c.accept, "exhaust": c.exhaust, "resign": c.resign, "agree": c.agreeCommand,
	}[d.Cmd]
	if !ok {
		d.Fatalf(c.t, "unknown command %s", d.Cmd)
	}
	out := command(d)
	if d.Cmd != "resign" {
		c.settle()
	}
	out += c.arrived()
	if out == "" {
		return "ok\n"
	}
	return out
}

// arrived shows the parked answers that have come.
func (c *conversation) arrived() string {
	var out strings.Builder
	still := c.parked[:0]
	for _, w := range c.parked {
		if text, ok := w.answer(); ok {
			fmt.Fprintf(&out, "%s: %s\n", w.who, text)
		} else {
			still = append(still, w)
		}
	}
	c.parked = still
	return out.String()
}

// ask shows an answer, now or when it comes.
func ask[T any](c *conversation, who string, f *coordinator.Future[T], show func(T) string) string {
	answer := func() (string, bool) {
		v, err, ok := f.Peek()
		switch {
		case !ok:
			return "", false
		case err != nil:
			return short(err), true
		}
		return show(v), true
	}
	c.settle()
	if text, ok := answer(); ok {
		return who + ": " + text + "\n"
	}
	c.parked = append(c.parked, waiting{who, answer})
	return who + ": parked\n"
}

// short is an error without its circumstances.
func short(err error) string {
	for _, known := range []error{
		coordinator.ErrNotCoordinator, coordinator.ErrLoading, coordinator.ErrNotAvailable,
	} {
		if errors.Is(err, known) {
			return "error: " + known.Error()
		}
	}
	return "error: " + err.Error()
}

// who gives a command's transactional id and producer: "init ID NAME".
func (c *conversation) who(d *datadriven.TestData) (id, name string, p Producer) {
	id, name = d.CmdArgs[0].Key, d.CmdArgs[1].Key
	p, ok := c.producers[name]
	if !ok {
		p = noProducer
	}
	if with := option(d, "with"); with != "" {
		pid, epoch, _ := strings.Cut(with, "/")
		p = Producer{ID: parse(pid), Epoch: int16(parse(epoch))}
	}
	return id, name, p
}

func option(d *datadriven.TestData, key string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return strings.Join(a.Vals, ",")
		}
	}
	return ""
}

func flag(d *datadriven.TestData, key string) bool {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return true
		}
	}
	return false
}

func parse(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// given shows what a producer was given, and has it use that.
func (c *conversation) given(name string) func(Producer) string {
	return func(p Producer) string {
		c.producers[name] = p
		return fmt.Sprintf("producer %d epoch %d", p.ID, p.Epoch)
	}
}

// init is "init ID NAME [again] [timeout=1s]": with again the producer says what it has.
func (c *conversation) init(d *datadriven.TestData) string {
	id, name, p := c.who(d)
	r := InitRequest{ID: id, TimeoutMs: 60_000, ProducerID: noProducerID, Epoch: noEpoch, NewProducerID: noProducerID}
	if flag(d, "again") {
		r.ProducerID, r.Epoch = p.ID, p.Epoch
	}
	if s := option(d, "timeout"); s != "" {
		timeout, err := time.ParseDuration(s)
		if err != nil {
			c.t.Fatal(err)
		}
		r.TimeoutMs = int32(timeout.Milliseconds())
	}
	f := c.Init(r)
	if _, err := f.Result(); errors.Is(err, ErrNeedsProducerID) {
		r.NewProducerID = c.nextID
		c.nextID++
		f = c.Init(r)
	}
	return ask(c, name, f, c.given(name))
}

func (c *conversation) partitions(d *datadriven.TestData) []Partition {
	var all []Partition
	for _, a := range d.CmdArgs[2:] {
		if topic, index, ok := strings.Cut(a.Key, ":"); ok {
			all = append(all, Partition{topic, int32(parse(index))})
		}
	}
	return all
}

func (c *conversation) add(d *datadriven.TestData) string {
	id, name, p := c.who(d)
	return ask(c, name, c.Add(AddRequest{ID: id, Producer: p, Partitions: c.partitions(d), From: sender(d, Coordination)}), func(struct{}) string { return "added" })
}

func (c *conversation) verify(d *datadriven.TestData) string {
	id, name, p := c.who(d)
	return ask(c, name, c.Verify(AddRequest{ID: id, Producer: p, Partitions: c.partitions(d), From: sender(d, Batches)}), func(struct{}) string { return "verified" })
}

// hear is "hear ID NAME on=CONN": a commit of offsets has come.
func (c *conversation) hear(d *datadriven.TestData) string {
	id, name, p := c.who(d)
	return ask(c, name, c.Hear(id, p, sender(d, Offsets)), func(struct{}) string { return "heard" })
}

// sender is the connection that a command came on, "on=CONN"; without it, it is not known.
func sender(d *datadriven.TestData, lane Lane) Sender {
	if on := option(d, "on"); on != "" {
		return Sender{Conn: parse(on), Lane: lane}
	}
	return Sender{}
}

func (c *conversation) commit(d *datadriven.TestData) string { return c.end(d, true) }
func (c *conversation) abort(d *datadriven.TestData) string  { return c.end(d, false) }

// end is "commit ID NAME [announced]": announced is a client of the first generation.
func (c *conversation) end(d *datadriven.TestData, commit bool) string {
	id, name, p := c.who(d)
	r := EndRequest{ID: id, Producer: p, Commit: commit, Version: Bumped, NewProducerID: noProducerID,
		From: sender(d, Coordination)}
	if flag(d, "announced") {
		r.Version = Announced
	}
	f := c.End(r)
	if !c.held {
		if _, err := f.Result(); errors.Is(err, ErrNeedsProducerID) {
			r.NewProducerID = c.nextID
			c.nextID++
			f = c.End(r)
		}
	}
	return ask(c, name, f, c.given(name))
}

func (c *conversation) describe(d *datadriven.TestData) string {
	return ask(c, "answer", c.Describe(d.CmdArgs[0].Key), func(t Description) string {
		return fmt.Sprintf("%s %s producer %d epoch %d started %d %v", t.ID, t.State, t.Producer.ID, t.Producer.Epoch,
			t.StartMs, t.Partitions)
	})
}

func (c *conversation) list(d *datadriven.TestData) string {
	f := Filter{LongerThanMs: -1}
	if s := option(d, "state"); s != "" {
		f.States = strings.Split(s, ",")
	}
	if s := option(d, "producer"); s != "" {
		f.ProducerIDs = []int64{parse(s)}
	}
	if s := option(d, "longer"); s != "" {
		f.LongerThanMs = parse(s)
	}
	return ask(c, "answer", c.List(f), func(all []Description) string {
		var out []string
		for _, t := range all {
			out = append(out, fmt.Sprintf("%s %s", t.ID, t.State))
		}
		return strings.Join(out, ", ")
	})
}

func (c *conversation) showMarkers(*datadriven.TestData) string {
	var out strings.Builder
	for _, e := range c.endings {
		kind := "abort"
		if e.Commit {
			kind = "commit"
		}
		fmt.Fprintf(&out, "%s %s producer %d epoch %d coordinator %d %v\n", e.ID, kind, e.ProducerID, e.Epoch,
			e.CoordinatorEpoch, e.Partitions)
	}
	if out.Len() == 0 {
		return "none\n"
	}
	return out.String()
}

// written is "written [keep]": the markers of the oldest ending are durable; with keep it stays listed, so that
// it can be told again.
func (c *conversation) written(d *datadriven.TestData) string {
	e := c.endings[0]
	if !flag(d, "keep") {
		c.endings = c.endings[1:]
	}
	c.completed(e)
	return ""
}

func (c *conversation) tickCommand(d *datadriven.TestData) string {
	pause, err := time.ParseDuration(d.CmdArgs[0].Key)
	if err != nil {
		c.t.Fatal(err)
	}
	c.tick(pause)
	return ""
}

func (c *conversation) crashCommand(*datadriven.TestData) string {
	c.crash()
	return ""
}

func (c *conversation) resign(*datadriven.TestData) string {
	c.Resign(0)
	return ""
}

func (c *conversation) showLog(*datadriven.TestData) string {
	lines, next := c.dump(c.shown)
	c.shown = next
	return strings.Join(lines, "\n") + "\n"
}

func (c *conversation) hold(*datadriven.TestData) string {
	c.held = true
	c.log.Hold()
	return ""
}

func (c *conversation) release(*datadriven.TestData) string {
	c.held = false
	c.log.Release()
	return ""
}

func (c *conversation) refuse(*datadriven.TestData) string {
	c.log.Refuse(coordinator.ErrNotAvailable)
	return ""
}

func (c *conversation) accept(*datadriven.TestData) string {
	c.log.Refuse(nil)
	return ""
}

// exhaust is "exhaust ID NAME": the producer has come to its last epoch.
func (c *conversation) exhaust(d *datadriven.TestData) string {
	id, name, _ := c.who(d)
	f := decide(c.Service, id, func(m *machine, tx *coordinator.Tx) (Producer, error) {
		next := *m.ids[id]
		next.epoch = lastEpoch
		m.store(tx, &next)
		return Producer{ID: next.producerID, Epoch: next.epoch}, nil
	})
	return ask(c, name, f, c.given(name))
}
