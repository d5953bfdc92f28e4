package groups

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"weir/coordinator"
)

// TestConversations runs the conversations in testdata/conversations: what clients ask, and what the coordinator answers.
// With -rewrite the answers are written anew.
//
// Clients have names, m1 for instance, and use the member id that they were last told. "parked" is an answer
// that has not come yet; it is shown under the command that made it come.
func TestConversations(t *testing.T) {
	datadriven.Walk(t, "testdata/conversations", func(t *testing.T, path string) {
		c := &conversation{t: t, members: make(map[string]string), generations: make(map[string]int32)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return c.run(d) })
	})
}

// conversation is the state of one script.
type conversation struct {
	t *testing.T
	*rig
	members     map[string]string // member id by client
	generations map[string]int32  // generation by client
	parked      []waiting
	revision    int64 // of the cluster
	shown       int64 // offset up to which the log was shown
}

// waiting is an answer that has not come yet.
type waiting struct {
	client string
	answer func() (string, bool)
}

func (c *conversation) run(d *datadriven.TestData) string {
	if d.Cmd == "start" {
		c.rig = newRig(c.t, configOf(c.t, d))
		return ""
	}
	if c.rig == nil {
		c.rig = newRig(c.t, Config{})
	}
	command, ok := map[string]func(d *datadriven.TestData) string{
		"join": c.join, "sync": c.sync, "heartbeat": c.heartbeat, "leave": c.leave,
		"commit": c.commit, "marker": c.marker, "fetch": c.fetch, "delete-offsets": c.deleteOffsets,
		"topic-deleted": c.topicDeleted,
		"describe":      c.describe, "list": c.list, "delete": c.delete,
		"tick": c.tickCommand, "crash": c.crashCommand, "resign": c.resign, "lead": c.lead,
		"log": c.showLog, "hold": c.hold, "release": c.release, "refuse": c.refuse, "accept": c.accept,
		"forget": c.forget, "cluster": c.cluster, "member": c.member, "consumers": c.consumers,
		"streams": c.streamsMember, "streamsgroup": c.streamsGroup,
		"share": c.shareMember, "sharegroup": c.shareGroup, "made": c.made, "states": c.shareStates,
		"alter": c.alterStates, "read": c.readStates, "drop": c.dropTopics,
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

func configOf(t *testing.T, d *datadriven.TestData) Config {
	var c Config
	d.MaybeScanArgs(t, "delay", &c.GroupInitialRebalanceDelayMs)
	d.MaybeScanArgs(t, "size", &c.GroupMaxSize)
	d.MaybeScanArgs(t, "batch", &c.BatchMaxBytes)
	d.MaybeScanArgs(t, "metadata", &c.OffsetMetadataMaxBytes)
	d.MaybeScanArgs(t, "hurried", &c.Share.HurriedIntervalMs)
	d.MaybeScanArgs(t, "members", &c.Share.MaxSize)
	if s := option(d, "assign", ""); s != "" {
		c.Share.AssignmentIntervalMs = Setting{durationMs(s), 0, 15_000}
	}
	if s := option(d, "retention", ""); s != "" {
		c.OffsetsRetention = duration(s)
	}
	if s := option(d, "check", ""); s != "" {
		c.OffsetsRetentionCheckInterval = duration(s)
	}
	return c
}

// wait has the answer shown when it is there.
func (c *conversation) wait(client string, answer func() (string, bool)) string {
	c.settle()
	if text, ok := answer(); ok {
		return client + ": " + text + "\n"
	}
	c.parked = append(c.parked, waiting{client, answer})
	return client + ": parked\n"
}

// arrived shows the parked answers that have come.
func (c *conversation) arrived() string {
	var out strings.Builder
	still := c.parked[:0]
	for _, w := range c.parked {
		if text, ok := w.answer(); ok {
			fmt.Fprintf(&out, "%s: %s\n", w.client, text)
		} else {
			still = append(still, w)
		}
	}
	c.parked = still
	return out.String()
}

// peek makes an answer's text.
func peek[T any](f *coordinator.Future[T], show func(T, error) string) func() (string, bool) {
	return func() (string, bool) {
		v, err, ok := f.Peek()
		if !ok {
			return "", false
		}
		return show(v, err), true
	}
}

// now gives the text of an answer that must be there at once.
func now[T any](c *conversation, f *coordinator.Future[T], show func(T) string) string {
	return c.wait("answer", peek(f, func(v T, err error) string {
		if err != nil {
			return short(err)
		}
		return show(v)
	}))
}

// short is an error without its circumstances.
func short(err error) string {
	for _, known := range []error{
		coordinator.ErrNotCoordinator, coordinator.ErrLoading, coordinator.ErrNotAvailable,
		coordinator.ErrTooLarge,
	} {
		if errors.Is(err, known) {
			return "error: " + known.Error()
		}
	}
	return "error: " + err.Error()
}

// words gives the arguments without a value.
func words(d *datadriven.TestData) []string {
	var all []string
	for _, a := range d.CmdArgs {
		if len(a.Vals) == 0 {
			all = append(all, a.Key)
		}
	}
	return all
}

// option gives an argument's value; one given without a value is "".
func option(d *datadriven.TestData, key, otherwise string) string {
	for _, a := range d.CmdArgs {
		if a.Key == key && len(a.Vals) == 1 {
			return a.Vals[0]
		}
		if a.Key == key {
			return strings.Join(a.Vals, ",")
		}
	}
	return otherwise
}

func flag(d *datadriven.TestData, key string) bool {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return true
		}
	}
	return false
}

func optional(d *datadriven.TestData, key string) *string {
	if s := option(d, key, ""); s != "" {
		return &s
	}
	return nil
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func durationMs(s string) int32 { return int32(min(duration(s).Milliseconds(), math.MaxInt32)) }
