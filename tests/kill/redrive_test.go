//go:build kill

package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

const (
	lettersARound = 2000
	oneRequest    = 300 // letters of one over HTTP
	oneChunk      = 500 // letters that the command sends before it keeps that it did
)

// graveyard is a topic of dead letters that both doors redrive, and what became of that.
type graveyard struct {
	*load
	door      string
	over      context.Context
	letters   int         // written, each with a value of its own
	http      atomic.Bool // the door is to redrive
	byHTTP    atomic.Int64
	byCommand atomic.Int64
	mu        sync.Mutex
	commands  bool      // mu guards it: the command is to redrive
	underWay  *exec.Cmd // likewise: the one that does
}

// TestKillRedrive ends the broker, and who redrives, while dead letters are redriven by the command and over HTTP: each comes back, and
// twice only if it was sent and not yet kept when one was killed; never twice where the topic knows message ids.
func TestKillRedrive(t *testing.T) {
	for name, settings := range map[string]map[string]*string{"plain": nil, "dedup": {"weir.dedup.window.ms": new("3600000")}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killRedrives(t, settings)
		})
	}
}

func killRedrives(t *testing.T, settings map[string]*string) {
	door := fmt.Sprintf("127.0.0.1:%d", brokers.ReservePort(t))
	b := brokers.Weir(t, map[string]string{"weir.http.listener": door, "group.consumer.min.session.timeout.ms": "1000",
		"group.consumer.session.timeout.ms": "3000", "group.consumer.min.heartbeat.interval.ms": "100", "group.consumer.heartbeat.interval.ms": "200"})
	g := &graveyard{load: newLoad(t, b), door: door}
	over, stop := context.WithCancel(t.Context())
	defer stop()
	g.over = over
	g.make(settings)
	g.commands = true
	g.run(g.command)
	g.run(g.caller)
	times := kills(t, 6)
	for i := range times {
		g.http.Store(i%3 == 0)
		before := g.cameBack()
		g.die()
		g.await("redriving goes on", func() bool { return g.cameBack() > before })
		time.Sleep(rand.N(60 * time.Millisecond)) // the moment of the kill
		if i%3 == 1 {
			g.await("a command is killed", g.killCommand)
			continue
		}
		b.Kill()
		b.Start()
	}
	g.each()
	stop()
	g.done.Wait()
	for g.left() {
		if _, err := g.weir("dlq", "redrive", "dlq.jobs", "--all").Output(); err != nil {
			t.Fatalf("the last redrive: %v", err)
		}
	}
	g.check(times, settings == nil)
}

// each has each door redrive by itself, so that both had a turn that they could tell of.
func (g *graveyard) each() {
	g.allow(false)
	g.http.Store(true)
	g.await("the last command ends", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.underWay == nil
	})
	g.die()
	g.await("HTTP redrives", func() bool { return g.byHTTP.Load() > 0 })
	g.http.Store(false)
	g.allow(true)
	g.die()
	g.await("the command redrives", func() bool { return g.byCommand.Load() > 0 })
}

// allow says whether the command is to redrive from now on.
func (g *graveyard) allow(commands bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commands = commands
}

// make makes the topics and the group whose letters they are.
func (g *graveyard) make(settings map[string]*string) {
	cl := g.client()
	defer cl.Close()
	adm := kadm.NewClient(cl)
	for name, config := range map[string]map[string]*string{"jobs": settings, "dlq.jobs": {"errors.deadletterqueue.group.enable": new("true")}} {
		if r, err := adm.CreateTopic(g.t.Context(), sharePartitions, 1, config, name); err != nil || r.Err != nil {
			g.t.Fatal(err, r.Err)
		}
	}
	if out, err := g.weir("queue", "set", "pay", "errors.deadletterqueue.topic.name=dlq.jobs").CombinedOutput(); err != nil {
		g.t.Fatalf("set the group's settings: %v\n%s", err, out)
	}
}

// die writes letters, as a share group does.
func (g *graveyard) die() {
	cl := g.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	var letters []*kgo.Record
	for i := g.letters; i < g.letters+lettersARound; i++ {
		r := &kgo.Record{Topic: "dlq.jobs", Partition: int32(i % sharePartitions), Value: fmt.Appendf(nil, "m%07d", i)}
		for name, text := range map[string]string{"topic": "jobs", "partition": fmt.Sprint(i % sharePartitions), "offset": fmt.Sprint(i), "group": "pay",
			"delivery.count": "5", "message": "rejected"} {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: "__dlq.errors." + name, Value: []byte(text)})
		}
		letters = append(letters, r)
	}
	if err := cl.ProduceSync(g.t.Context(), letters...).FirstErr(); err != nil {
		g.t.Fatal(err)
	}
	g.letters += lettersARound
}

// weir is a command of the program under test at the broker.
func (g *graveyard) weir(args ...string) *exec.Cmd {
	return exec.Command(brokers.WeirBinary(g.t), append(args, "--bootstrap", g.addr)...)
}

// command redrives by the command, again and again: as fast as it goes, which is mostly keeping what was sent, and in turn at a rate, which
// is mostly sending.
func (g *graveyard) command() {
	for n := 0; g.over.Err() == nil; n++ {
		cmd := g.weir("dlq", "redrive", "dlq.jobs", "--all", "--json", "--rate", []string{"0", "20000"}[n%2])
		var out strings.Builder
		cmd.Stdout = &out
		g.mu.Lock()
		if !g.commands {
			g.mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			continue
		}
		err := cmd.Start()
		if err == nil {
			g.underWay = cmd
		}
		g.mu.Unlock()
		if err != nil {
			g.t.Errorf("start weir dlq redrive: %v", err)
			return
		}
		err = cmd.Wait() // the broker may be away, or the command killed
		g.mu.Lock()
		g.underWay = nil
		g.mu.Unlock()
		var told struct{ Redriven int64 }
		if err == nil {
			err = json.Unmarshal([]byte(out.String()), &told)
		}
		g.byCommand.Add(told.Redriven)
		if err != nil || told.Redriven == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// killCommand kills the command that redrives, if one does.
func (g *graveyard) killCommand() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.underWay != nil && g.underWay.Process.Kill() == nil
}

// caller redrives over HTTP, again and again, while it is to.
func (g *graveyard) caller() {
	for g.over.Err() == nil {
		var told struct{ Redriven int64 }
		if g.http.Load() {
			_, err := post(g.over, http.DefaultClient, "http://"+g.door+"/v1/queues/jobs/dead-letters/redrive?group=pay",
				map[string]any{"all": true, "max": oneRequest}, &told)
			if err == nil {
				g.byHTTP.Add(told.Redriven)
			}
		}
		time.Sleep(10 * time.Millisecond) // the command is to have turns too
	}
}

// cameBack is how far the topic's log goes, together.
func (g *graveyard) cameBack() (sum int64) {
	cl := g.client()
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(g.t.Context(), "jobs")
	if err = errors.Join(err, ends.Error()); err != nil {
		g.t.Fatal(err)
	}
	ends.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	return sum
}

// left reports whether a letter was not redriven.
func (g *graveyard) left() bool {
	out, err := g.weir("dlq", "redrive", "dlq.jobs", "--all", "--dry-run").CombinedOutput()
	if err != nil {
		g.t.Fatalf("count what is left: %v\n%s", err, out)
	}
	return !strings.Contains(string(out), "would have been redriven 0 ")
}

// check reads what came back.
func (g *graveyard) check(kills int, plain bool) {
	t := g.t
	out, err := g.weir("consume", "jobs", "--end", "-f", `%v\n`).Output()
	if err != nil {
		t.Fatalf("read what came back: %v", err)
	}
	came := map[string]int{}
	for _, value := range strings.Fields(string(out)) {
		came[value]++
	}
	lost, again := 0, 0
	for i := range g.letters {
		switch n := came[fmt.Sprintf("m%07d", i)]; {
		case n == 0:
			lost++
		case n > 1:
			again += n - 1
		}
	}
	t.Logf("%d letters, redriven %d by the command and %d over HTTP as they told; %d kills; %d came again",
		g.letters, g.byCommand.Load(), g.byHTTP.Load(), kills, again)
	if lost > 0 || len(came) != g.letters {
		t.Errorf("%d letters never came back, %d values of %d did", lost, len(came), g.letters)
	}
	if most := kills * (oneChunk + oneRequest); again > most || !plain && again > 0 {
		t.Errorf("%d came again", again)
	}
}
