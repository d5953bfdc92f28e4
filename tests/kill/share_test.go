//go:build kill

package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/tests/brokers"
	"weir/tests/checker"
)

const (
	sharePartitions = 3                       // of the topic that is worked off
	lockTime        = 1000 * time.Millisecond // for which share consumers hold a record
	keys            = 40                      // of the records
)

// jobs is one mode at work: a topic, its producers, and the groups that work it off.
type jobs struct {
	*load
	mode
	door  string // host:port of the HTTP door
	crews []*crew
	kills []int64

	mu    sync.Mutex // guards what follows
	sent  map[string]checker.Place
	count int // ids below it have been sent or are being
}

// crew is the members of one group at work, and what they saw.
type crew struct {
	*jobs
	shift
	mu         sync.Mutex // guards what follows
	deliveries []*checker.Delivery
	takes      []checker.Take
	met        map[checker.Place]bool // records that must be delivered
	sure       int                    // such records that were sent
	left       int                    // members that left in order
	back       []*checker.Delivery    // what these gave back
}

// TestKillShare ends the broker, and members, at random moments while share groups work a topic off over Kafka's protocol and HTTP, in
// every mode there is. The history of each group is judged whole.
func TestKillShare(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			killJobs(t, m)
		})
	}
}

func killJobs(t *testing.T, m mode) {
	door := fmt.Sprintf("127.0.0.1:%d", brokers.ReservePort(t))
	b := brokers.Weir(t, map[string]string{"group.share.min.session.timeout.ms": "1000", "group.share.session.timeout.ms": "2500",
		"group.share.min.heartbeat.interval.ms": "200", "group.share.heartbeat.interval.ms": "500", "group.share.assignment.interval.ms": "0",
		"group.share.min.record.lock.duration.ms": "1000", "weir.http.listener": door})
	j := &jobs{load: newLoad(t, b), mode: m, door: door, sent: map[string]checker.Place{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	j.prepare(ctx)
	members, dismiss := context.WithCancel(t.Context())
	defer dismiss()
	var sending sync.WaitGroup
	sending.Go(func() { m.send(j, ctx) })
	for _, c := range j.crews {
		for range c.consumers {
			j.run(func() { c.serve(members, c.newConsumer) })
		}
		for range c.callers {
			j.run(func() { c.serve(members, c.newCaller) })
		}
	}
	for range kills(t, 4) {
		for _, c := range j.crews {
			before := c.progress()
			j.await("group "+c.group+" goes on", func() bool { return c.progress() >= before+20 })
		}
		time.Sleep(rand.N(m.pause)) // the moment of the kill
		b.Kill()
		j.kills = append(j.kills, time.Now().UnixNano())
		b.Start()
	}
	stop()
	sending.Wait()
	for _, c := range j.crews {
		if !c.awaitWorkedOff() {
			break // one that stands still has shown enough
		}
	}
	dismiss()
	j.done.Wait()
	j.judge()
}

// prepare makes the topic and the groups' settings.
func (j *jobs) prepare(ctx context.Context) {
	cl := j.client()
	defer cl.Close()
	settings := map[string]*string{}
	for name, value := range j.topic {
		settings[name] = &value
	}
	if r, err := kadm.NewClient(cl).CreateTopic(ctx, sharePartitions, 1, settings, "work"); err != nil || r.Err != nil {
		j.t.Fatal(err, r.Err)
	}
	for _, s := range j.shifts {
		c := &crew{jobs: j, shift: s, met: map[checker.Place]bool{}}
		c.configure(ctx, cl)
		j.crews = append(j.crews, c)
	}
}

func (c *crew) configure(ctx context.Context, cl *kgo.Client) {
	settings := map[string]string{"share.auto.offset.reset": "earliest", "errors.deadletterqueue.topic.name": c.letters(),
		"share.delivery.count.limit": strconv.Itoa(c.limit), "share.record.lock.duration.ms": fmt.Sprint(lockTime.Milliseconds())}
	if c.backoff.min > 0 {
		settings["weir.share.retry.backoff.ms"] = fmt.Sprint(c.backoff.min)
		settings["weir.share.retry.backoff.max.ms"] = fmt.Sprint(c.backoff.max)
	}
	for name, value := range c.settings {
		settings[name] = value
	}
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, c.group
	for name, value := range settings {
		setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		setting.Name, setting.Value = name, &value
		resource.Configs = append(resource.Configs, setting)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(ctx, cl)
	if err == nil {
		err = kerr.ErrorForCode(resp.Resources[0].ErrorCode)
	}
	if err != nil {
		c.t.Fatalf("configure %s: %v", c.group, err)
	}
}

func (c *crew) letters() string { return "dlq." + c.group }

// serve has a member live again and again.
func (c *crew) serve(ctx context.Context, born func(context.Context) hand) {
	for ctx.Err() == nil {
		c.live(ctx, born(ctx))
	}
}

// live is one life of a member. Most end at a moment of their own, wherever it is; of share consumers one in two leaves in order then.
func (c *crew) live(ctx context.Context, h hand) {
	began := time.Now().UnixNano()
	ctx, end := context.WithCancel(ctx)
	member, lossy := h.(*consumer)
	orderly := lossy && rand.IntN(2) == 0
	death := time.AfterFunc(100*time.Millisecond+rand.N(5*time.Second), func() {
		if orderly {
			member.over.Store(true)
			return
		}
		h.cut()
		end()
	})
	for ctx.Err() == nil {
		asked := time.Now().UnixNano()
		all, err := h.take(ctx)
		if errors.Is(err, syscall.ECONNREFUSED) {
			continue
		}
		if err != nil {
			c.mu.Lock()
			// The broker may not have noticed yet that nobody waits for its answer.
			c.takes = append(c.takes, checker.Take{Began: asked, Ended: time.Now().Add(lockTime).UnixNano()})
			c.mu.Unlock()
			continue
		}
		if orderly && member.over.Load() && rand.IntN(2) == 0 {
			c.meet(all)
			break
		}
		if !c.work(ctx, h, all) || orderly && member.over.Load() {
			break
		}
	}
	death.Stop()
	if orderly && member.over.Load() {
		back := member.leave()
		c.mu.Lock()
		c.left++
		for _, g := range back {
			c.back = append(c.back, g.Delivery)
		}
		c.mu.Unlock()
	}
	h.cut()
	end()
	h.close()
	if lossy { // what it had fetched, or was fetching
		c.mu.Lock()
		c.takes = append(c.takes, checker.Take{Began: began, Ended: time.Now().UnixNano()})
		c.mu.Unlock()
	}
}

// work does what is done with the records of one take. It is false if the member is to fall silent and die.
func (c *crew) work(ctx context.Context, h hand, all []given) bool {
	if len(all) == 0 {
		return true
	}
	c.meet(all)
	sleep(ctx, c.pace)
	if rand.IntN(100) < c.extends {
		h.extend(ctx, all)
		sleep(ctx, rand.N(lockTime))
	}
	_, shares := h.(*consumer)
	if shares && rand.IntN(1000) < 10*c.holds { // it cannot hold some and go on
		sleep(ctx, lockTime+200*time.Millisecond)
		return false
	}
	var settled []given
	for _, g := range all {
		if c.decide(h, &g); g.Verdict != checker.Held {
			settled = append(settled, g)
		}
	}
	h.settle(ctx, settled)
	return true
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// meet notes what came.
func (c *crew) meet(all []given) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range all {
		c.deliveries = append(c.deliveries, g.Delivery)
		if c.surely(g.headers) {
			c.met[g.Place] = true
		}
	}
}

// decide chooses what becomes of a record.
func (c *crew) decide(h hand, g *given) {
	wait := c.backoff.after(g.Count)
	_, over := h.(*caller)
	switch dice := rand.IntN(100); {
	case dice < c.rejects:
		g.Verdict = checker.Rejected
	case dice < c.rejects+c.releases:
		g.Verdict, g.Wait = checker.Released, wait*1e6
		if over && rand.IntN(2) == 0 {
			g.delayMs = rand.Int64N(600)
			g.Wait = g.delayMs * 1e6
		}
	case dice < c.rejects+c.releases+c.holds && over:
		return
	default:
		g.Verdict = checker.Accepted
	}
	g.Outcome = checker.Unknown
}

// progress is how many deliveries there were.
func (c *crew) progress() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.deliveries)
}

// begin gives the id of a message that is to be sent.
func (j *jobs) begin() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.count++
	return strconv.Itoa(j.count - 1)
}

// nowhere is a place that is not known.
var nowhere = checker.Place{Partition: -1, Offset: -1}

// wasSent notes where a message is. One that was sent before must be where it was.
func (j *jobs) wasSent(id string, at checker.Place, headers map[string]string) {
	j.mu.Lock()
	before, again := j.sent[id]
	if !again || before == nowhere {
		j.sent[id] = at
	}
	j.mu.Unlock()
	if again {
		if before != at && before != nowhere && at != nowhere {
			j.t.Errorf("message %s was sent again and is said to be at %v, not at %v", id, at, before)
		}
		return
	}
	for _, c := range j.crews {
		if c.surely(headers) {
			c.mu.Lock()
			c.sure++
			c.mu.Unlock()
		}
	}
}

// awaitRoom waits while a group is far behind.
func (j *jobs) awaitRoom(ctx context.Context) {
	for ctx.Err() == nil && slices.ContainsFunc(j.crews, func(c *crew) bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.sure > len(c.met)+j.backlog
	}) {
		time.Sleep(time.Millisecond)
	}
}
