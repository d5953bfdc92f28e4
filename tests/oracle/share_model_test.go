package oracle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"weir/broker"
)

// shareModelSettings are what both brokers of the model of share groups run with beside the common ones: locks and sessions that no
// slow machine outlasts, but that may be short enough to wait for their end.
const shareModelSettings = `group.share.max.record.lock.duration.ms=3600000
group.share.record.lock.duration.ms=3600000
group.share.max.session.timeout.ms=3600000
group.share.session.timeout.ms=3600000
group.share.max.share.sessions=1000
`

// TestShareModel has members of share groups do the same at both brokers, at random: fetch in both modes, accept, release, reject,
// renew, leave gaps, acknowledge what they may not, end sessions, let locks end. What they are answered, and how far the group
// has come after each step, must be the same. With more scripts than every run has (WEIR_MODEL_SEEDS), both brokers are started again
// in the middle.
func TestShareModel(t *testing.T) {
	m := &shareModel{T: t, kafka: newKafka(t, "kafka", kafkaLibs(t), shareModelSettings+kafkaPatient), weir: newShareWeir(t),
		steps: number(t, modelStepsVariable, 60), run: strconv.FormatInt(time.Now().Unix()%46656, 36)}
	warmUp(t, m.kafka.endpoint)
	warmUp(t, m.weir.endpoint)
	seeds := number(t, modelSeedsVariable, 0)
	if seed := number(t, modelSeedVariable, 0); seed != 0 {
		m.wave(seed, seed, true)
	} else if seeds == 0 {
		seeds = shortWave
		m.wave(1, seeds, false)
	} else {
		for first := 1; first <= seeds && !t.Failed(); first += longWave {
			m.wave(first, min(first+longWave-1, seeds), true)
		}
	}
	t.Logf("%d scripts, %d steps, %d fields compared", seeds, m.total.steps, m.total.fields)
}

// How many scripts are played between two starts of the brokers.
const (
	shortWave = 8
	longWave  = 50
)

// shareModel is the two brokers, and what was compared.
type shareModel struct {
	*testing.T
	kafka *kafkaNode
	weir  *shareWeir
	steps int
	run   string // part of all names
	total modelCount
}

// wave plays scripts beside each other, in two halves with a start of both brokers between them if that is wanted.
func (m *shareModel) wave(first, last int, restarts bool) {
	plays := make([]*sharePlay, last-first+1)
	each := func(do func(i int) error) {
		var players errgroup.Group
		players.SetLimit(8) // most of the time is waiting
		for i := range plays {
			players.Go(func() error { return do(i) })
		}
		if err := players.Wait(); err != nil {
			m.Error(err)
		}
	}
	each(func(i int) (err error) {
		plays[i], err = m.begin(uint64(first + i))
		plays[i].on = err == nil && plays[i].play(m.steps/2)
		return err
	})
	if restarts {
		m.kafka.shutDown()
		m.weir.close()
		m.kafka.start()
		m.weir.open()
		warmUp(m.T, m.kafka.endpoint)
		warmUp(m.T, m.weir.endpoint)
	}
	each(func(i int) error {
		p := plays[i]
		if restarts && p.on {
			p.on = p.step(shareAction{"both brokers are started again", (*shareWorld).restarted})
		}
		if p.on && p.play(m.steps-m.steps/2) {
			p.end()
		}
		p.hangUp()
		return nil
	})
}

// shareWeir is a Weir that can be started again.
type shareWeir struct {
	endpoint
	t   *testing.T
	dir string
	b   *broker.Broker
}

func newShareWeir(t *testing.T) *shareWeir {
	w := &shareWeir{endpoint: endpoint{name: "weir", host: "127.0.0.1", port: freePort(t)}, t: t, dir: t.TempDir()}
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *shareWeir) open() {
	w.t.Helper()
	var err error
	w.b, err = broker.Open(context.Background(), broker.Config{Values: weirValues(w.t, w.endpoint, w.dir, shareModelSettings)})
	if err != nil {
		w.t.Fatalf("open weir: %v", err)
	}
}

func (w *shareWeir) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.b.Close(ctx); err != nil {
		w.t.Errorf("close weir: %v", err)
	}
}

// sharePlay is one script at both brokers.
type sharePlay struct {
	*testing.T
	seed    uint64
	script  *shareScript
	worlds  [2]*shareWorld
	history []string
	on      bool // it goes on
	total   *modelCount
}

func (m *shareModel) begin(seed uint64) (*sharePlay, error) {
	p := &sharePlay{T: m.T, seed: seed, script: newShareScript(rand.New(rand.NewPCG(seed, 7))), total: &m.total}
	prefix := fmt.Sprintf("%s%s-shares-%d-", namePrefix, m.run, seed)
	var making errgroup.Group
	for i, b := range []endpoint{m.kafka.endpoint, m.weir.endpoint} {
		making.Go(func() (err error) {
			if p.worlds[i], err = newShareWorld(b, prefix, p.script.limit); err != nil {
				return fmt.Errorf("seed %d: %s: %w", seed, b.name, err)
			}
			return nil
		})
	}
	return p, making.Wait()
}

// play does so many steps, and is false if it ended at a difference.
func (p *sharePlay) play(steps int) bool {
	for range steps {
		if !p.step(p.script.next(p.worlds[0])) {
			return false
		}
	}
	return true
}

func (p *sharePlay) end() {
	for _, a := range p.script.ending() {
		if !p.step(a) {
			return
		}
	}
}

func (p *sharePlay) hangUp() {
	for _, w := range p.worlds {
		if w != nil {
			w.hangUp()
		}
	}
}

// step does one thing at both brokers and compares until they agree.
func (p *sharePlay) step(a shareAction) bool {
	p.history = append(p.history, a.label)
	var seen [2]map[string]string
	var wg sync.WaitGroup
	for _, w := range p.worlds {
		wg.Go(func() { w.perform(a) })
	}
	wg.Wait()
	var left []delta
	for deadline := time.Now().Add(agreeLimit); ; pause() {
		for i, w := range p.worlds {
			wg.Go(func() { seen[i] = w.look() })
		}
		wg.Wait()
		for _, w := range p.worlds {
			if w.err != nil {
				p.Errorf("seed %d: %s: %v after:\n\t%s", p.seed, w.s.broker.name, w.err, strings.Join(p.history, "\n\t"))
				return false
			}
		}
		left = differing(seen[0], seen[1])
		if len(left) == 0 || time.Now().After(deadline) {
			break
		}
		if len(differing(p.worlds[0].heard, p.worlds[1].heard)) > 0 {
			break // that does not change any more
		}
	}
	for _, w := range p.worlds {
		w.heard = map[string]string{}
	}
	p.total.Lock()
	defer p.total.Unlock()
	p.total.steps++
	p.total.fields += len(seen[0])
	if len(left) == 0 {
		return true
	}
	var text strings.Builder
	for _, d := range left {
		fmt.Fprintf(&text, "\n\t%s\n\t\tkafka: %s\n\t\tweir:  %s", d.path, d.want, d.got)
	}
	p.Errorf("seed %d (%d deliveries) differs in the last step of:\n\t%s%s", p.seed, p.script.limit, strings.Join(p.history, "\n\t"),
		text.String())
	return false
}
