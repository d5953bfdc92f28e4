//go:build clients

package clients

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// streamsReady bounds what an application of Kafka Streams does; it waits for the session of the one before it.
const streamsReady = 2 * time.Minute

// quickTimeouts let a dead application's membership and transaction end soon.
var quickTimeouts = map[string]string{
	"group.min.session.timeout.ms":                                "1000",
	"transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
}

// TestStreams runs an unmodified application of Kafka Streams under exactly_once_v2: its answers are exact, also after it was killed
// and its state is only in the changelog, and after kafka-streams-application-reset it does all of its work again.
func TestStreams(t *testing.T) {
	t.Parallel()
	var resets []string
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			a := newStreamsApp(t, brokers.New(t, brokerKind, quickTimeouts), "classic")
			a.workAndReturn()
			resets = append(resets, a.reset())
			a.start()
			a.awaitExact(2)
		})
	}
	if len(resets) == 2 && resets[0] != resets[1] {
		t.Errorf("kafka-streams-application-reset says\n%s\nof Weir, and of Apache Kafka\n%s", resets[0], resets[1])
	}
}

// workAndReturn has the application work, die, and come back without its state; its answers are exact before and after. In the
// end it is asked to stop.
func (a *streamsApp) workAndReturn() {
	a.start()
	a.write(300)
	a.awaitExact(1)
	a.jvm.kill()
	a.forget()
	a.write(300)
	a.start()
	a.awaitExact(1)
	a.jvm.stop()
}

const (
	streamsPartitions = 2
	streamsID         = "weir-streams"
	joinWindow        = 5000 // milliseconds, of StreamsApp
)

// streamsApp is an application (java/StreamsApp.java), what it was given, and with that what it should answer.
type streamsApp struct {
	t      *testing.T
	broker *brokers.Broker
	ref    *reference
	jvm    *jvm
	dir    string
	rng    *rand.Rand
	clock  int64 // the timestamp of the next record, milliseconds

	words map[string]int // how often each word was written
	total int
	sides [2][]timed
}

// timed is a record of a side of the join.
type timed struct {
	key, value string
	at         int64
}

func newStreamsApp(t *testing.T, b *brokers.Broker, protocol string) *streamsApp {
	t.Helper()
	a := &streamsApp{t: t, broker: b, ref: newReference(t, b.Addr), dir: t.TempDir(), words: map[string]int{},
		rng: rand.New(rand.NewPCG(6, 0)), clock: time.Now().Add(-time.Hour).UnixMilli()}
	for _, topic := range []string{"lines", "counts", "left", "right", "pairs"} {
		a.ref.create(topic, streamsPartitions, nil)
	}
	settings := map[string]string{
		"bootstrap.servers": b.Addr, "application.id": streamsID, "state.dir": a.stateDir(),
		"processing.guarantee": "exactly_once_v2", "group.protocol": protocol, "num.stream.threads": "2",
		"commit.interval.ms": "100", "producer.transaction.timeout.ms": "4000", "consumer.auto.offset.reset": "earliest",
		"producer.linger.ms": "5", "statestore.cache.max.bytes": "0",
	}
	if protocol == "classic" {
		settings["consumer.session.timeout.ms"], settings["consumer.heartbeat.interval.ms"] = "3000", "300"
	}
	writeProperties(t, filepath.Join(a.dir, "streams.properties"), settings)
	return a
}

func (a *streamsApp) stateDir() string { return filepath.Join(a.dir, "state") }

// start runs the application in a process of its own.
func (a *streamsApp) start() {
	a.t.Helper()
	a.jvm = startJVM(a.t, a.dir, "streams", "StreamsApp", filepath.Join(a.dir, "streams.properties"))
}

// forget removes what the application keeps on its own disk.
func (a *streamsApp) forget() {
	a.t.Helper()
	if err := os.RemoveAll(a.stateDir()); err != nil {
		a.t.Fatal(err)
	}
}

// write stores n lines of words, and n records on each side of the join.
func (a *streamsApp) write(n int) {
	a.t.Helper()
	records := a.lines(n)
	for i := range n {
		a.clock += 1000
		for side, topic := range []string{"left", "right"} {
			r := timed{fmt.Sprintf("k%d", a.rng.IntN(20)), fmt.Sprintf("%s%d", topic[:1], len(a.sides[side])), a.clock + int64(i%3)*1500}
			a.sides[side] = append(a.sides[side], r)
			p, _ := strconv.Atoi(r.key[1:])
			records = append(records, &kgo.Record{Topic: topic, Partition: int32(p % streamsPartitions), Key: []byte(r.key),
				Value: []byte(r.value), Timestamp: time.UnixMilli(r.at)})
		}
	}
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	if err := a.ref.cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
		a.t.Fatalf("write: %v", err)
	}
}

// lines are the next n lines of words, counted as written.
func (a *streamsApp) lines(n int) []*kgo.Record {
	var records []*kgo.Record
	for i := range n {
		a.clock++
		words := make([]string, 1+a.rng.IntN(5))
		for j := range words {
			words[j] = fmt.Sprintf("word%d", a.rng.IntN(40))
			a.words[words[j]]++
		}
		a.total += len(words)
		records = append(records, &kgo.Record{Topic: "lines", Partition: int32(i % streamsPartitions),
			Value: []byte(strings.Join(words, " ")), Timestamp: time.UnixMilli(a.clock)})
	}
	return records
}

// pairs are the join's answer: of records of one key at most a window apart.
func (a *streamsApp) pairs() []string {
	var all []string
	for _, l := range a.sides[0] {
		for _, r := range a.sides[1] {
			if l.key == r.key && max(l.at-r.at, r.at-l.at) <= joinWindow {
				all = append(all, l.key+"="+l.value+"+"+r.value)
			}
		}
	}
	return all
}

// awaitExact waits for all answers, each so many times as the application has done its work, and checks that there is nothing else: for
// a word that was written n times the counts 1 to n in this order.
func (a *streamsApp) awaitExact(times int) {
	a.t.Helper()
	pairs := slices.Sorted(slices.Values(slices.Concat(slices.Repeat([][]string{a.pairs()}, times)...)))
	a.awaitAnswers("counts", times*a.total)
	a.awaitAnswers("pairs", len(pairs))
	a.checkCounts(times)
	var got []string
	for _, r := range a.ref.committed("pairs", streamsPartitions) {
		got = append(got, string(r.Key)+"="+string(r.Value))
	}
	slices.Sort(got)
	if !slices.Equal(got, pairs) {
		a.t.Errorf("the join has %d pairs instead of %d, or others", len(got), len(pairs))
	}
}

// checkCounts compares the counts with the words that were written.
func (a *streamsApp) checkCounts(times int) {
	a.t.Helper()
	seen := map[string][]string{}
	for _, r := range a.ref.committed("counts", streamsPartitions) {
		seen[string(r.Key)] = append(seen[string(r.Key)], string(r.Value))
	}
	for _, word := range slices.Sorted(maps.Keys(a.words)) {
		var want []string
		for range times {
			for n := range a.words[word] {
				want = append(want, strconv.Itoa(n+1))
			}
		}
		if !slices.Equal(seen[word], want) {
			a.t.Errorf("%s was counted %.300q, not from 1 to %d", word, seen[word], a.words[word])
		}
		delete(seen, word)
	}
	if len(seen) > 0 {
		a.t.Errorf("words that nobody wrote were counted: %v", seen)
	}
}

// awaitAnswers waits until a topic has so many committed records at least.
func (a *streamsApp) awaitAnswers(topic string, n int) {
	a.t.Helper()
	got := -1
	defer func() {
		if got < n {
			a.t.Logf("%s has %d of %d records", topic, got, n)
		}
	}()
	await(a.t, streamsReady, fmt.Sprintf("%d answers in %s", n, topic), func() bool {
		if !a.jvm.running() {
			a.t.Fatalf("the application gave up: %v", a.jvm.cmd.ProcessState)
		}
		got = len(a.ref.committed(topic, streamsPartitions))
		return got >= n
	})
}

// reset has Kafka's tool take the application back to its start and returns what it says, in an order of its own. Before, the sessions
// of its members, which a classic application does not end when it stops, must be over: else the tool says that it deletes them.
func (a *streamsApp) reset() string {
	a.t.Helper()
	a.forget()
	await(a.t, time.Minute, "the application's group is empty", func() bool {
		groups, err := a.ref.adm.DescribeGroups(a.t.Context(), streamsID)
		if err != nil {
			a.t.Fatal(err)
		}
		return groups[streamsID].State == "Empty"
	})
	said := newTools(a.t, a.broker).run("kafka-streams-application-reset --bootstrap-server BROKER --force --application-id " + streamsID +
		" --input-topics lines,left,right")
	topics, err := a.ref.adm.ListTopics(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	for _, name := range topics.Names() {
		if strings.HasPrefix(name, streamsID) {
			a.t.Errorf("after the reset there is topic %s", name)
		}
	}
	var lines []string
	for line := range strings.Lines(said) {
		if before, names, ok := strings.Cut(strings.TrimSuffix(line, "]\n"), "["); ok {
			list := strings.Split(names, ", ")
			slices.Sort(list)
			line = before + "[" + strings.Join(list, ", ") + "]\n"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
