package oracle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// modelSettings are what both brokers of the model test run with beside the common ones: sessions that no slow machine
// outlasts, but that may be short enough to wait for their end, and assignments that are computed within the request
// that asks for them.
const modelSettings = `group.min.session.timeout.ms=100
group.consumer.min.session.timeout.ms=100
group.consumer.max.session.timeout.ms=600000
group.consumer.session.timeout.ms=300000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.assignment.interval.ms=0
group.consumer.min.assignment.interval.ms=0
`

// kafkaAtOnce makes an Apache Kafka assign within the request that asks for it.
const kafkaAtOnce = "group.consumer.assignor.offload.enable=false\n"

// kafkaPatient keeps an Apache Kafka from fencing itself, which it does when a busy machine stops it for a few seconds.
const kafkaPatient = "broker.session.timeout.ms=600000\n"

// Environment variables of the model test.
const (
	modelSeedsVariable = "WEIR_MODEL_SEEDS" // how many scripts; 16 without it
	modelSeedVariable  = "WEIR_MODEL_SEED"  // this one alone
	modelStepsVariable = "WEIR_MODEL_STEPS" // steps of a script; 60 without it
)

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// TestGroupModel has members of groups do the same at both brokers, at random: join, leave, die, come back, commit
// and ask, in both protocols and from one to the other. All answers, and all that can be asked about the group
// after each step, must be the same.
//
// Left out is what Apache Kafka leaves to chance or does not do: who leads a classic group after its leader left (led),
// who gets which partitions by the assignor uniform (loose), which of two protocols with as many votes is chosen
// (protocols), and the answer to a sync whose member has left (forsake).
func TestGroupModel(t *testing.T) {
	kafka := startModelKafka(t)
	subject := startModelSubject(t)
	for _, b := range []endpoint{kafka, subject} {
		warmUp(t, b)
	}
	run := strconv.FormatInt(time.Now().Unix()%46656, 36)
	first, seeds := 1, number(t, modelSeedsVariable, 16)
	if s := number(t, modelSeedVariable, 0); s != 0 {
		first, seeds = s, 1
	}
	steps := number(t, modelStepsVariable, 60)
	var total modelCount
	var players errgroup.Group
	players.SetLimit(8) // most of the time is waiting
	for seed := first; seed < first+seeds; seed++ {
		players.Go(func() error {
			return playScript(t, uint64(seed), steps, run, kafka, subject, &total)
		})
	}
	if err := players.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("%d scripts, %d steps, %d fields compared", seeds, total.steps, total.fields)
}

// modelCount counts what was compared.
type modelCount struct {
	sync.Mutex
	steps, fields int
}

func startModelKafka(t *testing.T) endpoint {
	t.Helper()
	return startKafka(t, "kafka", kafkaLibs(t), modelSettings+kafkaAtOnce+kafkaPatient)
}

func startModelSubject(t *testing.T) endpoint {
	t.Helper()
	if os.Getenv("ORACLE_SUBJECT") == "kafka" {
		return startKafka(t, "second kafka", os.Getenv("WEIR_KAFKA_LIBS"), modelSettings+kafkaAtOnce+kafkaPatient)
	}
	return startWeir(t, modelSettings)
}

// agreeLimit is how long two brokers may take to come to the same state after a step: what is late by a moment, such
// as an answer that was held back, is not different.
const agreeLimit = 10 * time.Second

// playScript plays one script until its end or the first difference.
func playScript(t *testing.T, seed uint64, steps int, run string, kafka, subject endpoint, total *modelCount,
) error {
	rng := rand.New(rand.NewPCG(seed, 0))
	sc := newScript(rng)
	prefix := fmt.Sprintf("%s%s-model-%d-", namePrefix, run, seed)
	var worlds [2]*world
	for i, b := range []endpoint{kafka, subject} {
		w, err := newWorld(b, prefix, sc.kind)
		if err != nil {
			return fmt.Errorf("seed %d: %s: %w", seed, b.name, err)
		}
		defer w.close()
		worlds[i] = w
	}
	var history []string
	play := func(a action) bool {
		history = append(history, a.label)
		if !playStep(t, a, worlds, total) {
			t.Errorf("seed %d (%s) differs in the last step of:\n\t%s", seed, sc.kind, strings.Join(history, "\n\t"))
			return false
		}
		return true
	}
	for range steps {
		for _, a := range sc.next(worlds[0], worlds[1]) {
			if !play(a) {
				return nil
			}
		}
	}
	for _, a := range sc.ending() {
		if !play(a) {
			return nil
		}
	}
	return nil
}

// playStep does one thing at both brokers and compares until they agree.
func playStep(t *testing.T, a action, worlds [2]*world, total *modelCount) bool {
	var seen [2]map[string]string
	var wg sync.WaitGroup
	for _, w := range worlds {
		wg.Go(func() { w.perform(a) })
	}
	wg.Wait()
	var left []delta
	for deadline := time.Now().Add(agreeLimit); ; pause() {
		for i, w := range worlds {
			wg.Go(func() { seen[i] = w.look() })
		}
		wg.Wait()
		for _, w := range worlds {
			if w.err != nil {
				t.Errorf("%s: %v", w.broker.name, w.err)
				return false
			}
		}
		left = differing(seen[0], seen[1])
		if len(left) == 0 || time.Now().After(deadline) {
			break
		}
	}
	if len(left) > 0 {
		var text strings.Builder
		for _, d := range left {
			fmt.Fprintf(&text, "\n\t%s\n\t\tkafka: %s\n\t\tweir:  %s", d.path, d.want, d.got)
		}
		t.Errorf("%s: %s%s", worlds[0].group, a.label, text.String())
	}
	for _, w := range worlds {
		w.heard = map[string]string{}
	}
	total.Lock()
	defer total.Unlock()
	total.steps++
	total.fields += len(seen[0])
	return len(left) == 0
}
