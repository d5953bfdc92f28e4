//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/tests/brokers"
)

// TestKcat runs the command-line client that most people reach for first.
func TestKcat(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, nil)
			k := kcat{addr: b.Addr, ref: newReference(t, b.Addr)}
			for _, c := range codecs {
				t.Run("codec "+c, func(t *testing.T) { k.codec(t, c) })
			}
			t.Run("seek", k.seek)
			t.Run("metadata", k.metadata)
			t.Run("group", k.group)
		})
	}
}

// kcat is the tool against one broker.
type kcat struct {
	addr string
	ref  *reference
}

// run runs it to its end.
func (k kcat) run(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("kcat", append([]string{"-b", k.addr, "-m", "30"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("kcat %q: %v\n%s", args, err, errs.String())
	}
	return out.String()
}

// kcatRecords are what kcat can write from lines of text: keys, headers, a tombstone.
func kcatRecords() []record {
	var out []record
	for i := range 20 {
		out = append(out, record{Key: fmt.Appendf(nil, "k%d", i%5), Value: fmt.Appendf(nil, "value %d: %s", i,
			strings.Repeat("weir ", i*20)), Headers: []header{{"trace", []byte("abc")}, {"n", []byte("2")}}})
	}
	return append(out, record{Key: []byte("gone"), Headers: out[0].Headers})
}

// write has kcat write kcatRecords to a partition.
func (k kcat) write(t testing.TB, topic string, partition int, codec string) []record {
	t.Helper()
	records := kcatRecords()
	var lines strings.Builder
	for _, r := range records {
		fmt.Fprintf(&lines, "%s\t%s\n", r.Key, r.Value)
	}
	k.run(t, lines.String(), "-P", "-t", topic, "-p", fmt.Sprint(partition), "-z", codec, "-K", `\t`, "-Z",
		"-H", "trace=abc", "-H", "n=2", "-X", "enable.idempotence=true", "-X", "linger.ms=50")
	return records
}

// kcatFormat prints offset, timestamp and lengths on a line, then key and value, then the headers as text.
const kcatFormat = `%o %T %K %S\n%k%s\n%h\n`

// read has kcat read count records from an offset (or "s@" and a time).
func (k kcat) read(t testing.TB, topic string, partition int, from string, count int) []record {
	t.Helper()
	out := k.run(t, "", "-C", "-t", topic, "-p", fmt.Sprint(partition), "-o", from, "-c", fmt.Sprint(count), "-q",
		"-f", kcatFormat, "-X", "fetch.message.max.bytes=16777216")
	records, err := parseKcat(out)
	if err != nil {
		t.Fatalf("kcat's output: %v", err)
	}
	return records
}

// parseKcat reads the format; the headers' text is kept in one header without a name.
func parseKcat(out string) ([]record, error) {
	in := bufio.NewReader(strings.NewReader(out))
	var records []record
	for {
		head, err := in.ReadString('\n')
		if err == io.EOF && head == "" {
			return records, nil
		}
		var r record
		var keyBytes, valueBytes int
		if _, err := fmt.Sscan(head, &r.Offset, &r.Timestamp, &keyBytes, &valueBytes); err != nil {
			return nil, fmt.Errorf("line %q: %w", head, err)
		}
		body := make([]byte, max(keyBytes, 0)+max(valueBytes, 0)+1)
		if _, err := io.ReadFull(in, body); err != nil {
			return nil, err
		}
		if keyBytes >= 0 {
			r.Key = body[:keyBytes]
		}
		if valueBytes >= 0 {
			r.Value = body[max(keyBytes, 0) : len(body)-1]
		}
		headers, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		r.Headers = []header{{"", []byte(strings.TrimSuffix(headers, "\n"))}}
		records = append(records, r)
	}
}

func (k kcat) codec(t *testing.T, codec string) {
	topic := k.ref.topic("kcat.codec."+codec, 1, nil)
	want := k.write(t, topic, 0, codec)
	compressed := 0
	for i, got := range k.ref.read(topic, 0, len(want)) {
		if d := difference(want[i], got.record); d != "" {
			t.Errorf("stored at %d: %s", i, d)
		}
		if got.codec == codec {
			compressed++
		}
	}
	if compressed == 0 {
		t.Errorf("no batch is stored with codec %s", codec)
	}
	for i, got := range k.read(t, topic, 0, "0", len(want)) {
		if d := difference(asKcatShows(want[i]), got); d != "" {
			t.Errorf("read at %d: %s", i, d)
		}
	}
}

// asKcatShows is a record with its headers as the text that kcat makes of them: it ends a value at a zero
// byte.
func asKcatShows(r record) record {
	var parts []string
	for _, h := range r.Headers {
		value, _, _ := strings.Cut(string(h.Value), "\x00")
		if h.Value == nil {
			value = "NULL"
		}
		parts = append(parts, h.Key+"="+value)
	}
	r.Headers = []header{{"", []byte(strings.Join(parts, ","))}}
	return r
}

func (k kcat) seek(t *testing.T) {
	topic := k.ref.topic("kcat.seek", 1, nil)
	base := time.Now().Add(-time.Hour).UnixMilli()
	k.ref.writeTimed(topic, base, time.Second, 30)
	if got := k.read(t, topic, 0, "17", 3); got[0].Offset != 17 {
		t.Errorf("reading from 17 began at %d", got[0].Offset)
	}
	if got := k.read(t, topic, 0, "-2", 2); got[0].Offset != 28 {
		t.Errorf("reading the last 2 began at %d", got[0].Offset)
	}
	if got := k.read(t, topic, 0, fmt.Sprintf("s@%d", base+10_500), 1); got[0].Offset != 11 {
		t.Errorf("reading by time began at %d instead of 11", got[0].Offset)
	}
	got := k.run(t, "", "-Q", "-t", fmt.Sprintf("%s:0:%d", topic, base+20_000))
	if want := fmt.Sprintf("%s [0] offset 20\n", topic); got != want {
		t.Errorf("query by time: %q instead of %q", got, want)
	}
}

func (k kcat) metadata(t *testing.T) {
	topic := k.ref.topic("kcat.metadata", 3, nil)
	got := k.run(t, "", "-L", "-t", topic)
	for _, want := range []string{" 1 brokers:\n", "at " + k.addr + " (controller)",
		fmt.Sprintf("topic %q with 3 partitions", topic), "partition 2, leader 1, replicas: 1, isrs: 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("kcat -L does not say %q:\n%s", want, got)
		}
	}
}

// groupConsumer is a kcat that consumes in a group; its output is collected line by line.
type groupConsumer struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex // guards lines
	lines []string
}

func (g *groupConsumer) seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.lines)
}

func (k kcat) consumer(t *testing.T, group, topic string) *groupConsumer {
	t.Helper()
	g := &groupConsumer{done: make(chan struct{})}
	g.cmd = exec.Command("kcat", "-b", k.addr, "-G", group, "-u", "-q", "-f", `%p %s\n`,
		"-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500", topic)
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(g.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			g.mu.Lock()
			g.lines = append(g.lines, lines.Text())
			g.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = g.cmd.Process.Kill()
		<-g.done
		_ = g.cmd.Wait()
	})
	return g
}

// group: two kcats share four partitions; one is interrupted, and the other goes on with all of them.
func (k kcat) group(t *testing.T) {
	topic := k.ref.topic("kcat.group", groupPartitions, nil)
	a := k.consumer(t, topic+".members", topic)
	b := k.consumer(t, topic+".members", topic)
	total := 0
	both := func() []string { return slices.Concat(a.seen(), b.seen()) }
	await(t, settle, "both members receive", func() bool {
		k.ref.write(topic, []string{fmt.Sprintf("v-0-%d", total), fmt.Sprintf("v-1-%d", total),
			fmt.Sprintf("v-2-%d", total), fmt.Sprintf("v-3-%d", total)})
		total += 4
		return len(a.seen()) > 0 && len(b.seen()) > 0
	})
	await(t, settle, "all that was written arrives", func() bool { return len(both()) >= total })
	if err := b.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-b.done
	k.ref.write(topic, []string{"after-0-0", "after-1-0", "after-2-0", "after-3-0"})
	await(t, settle, "the member that is left receives from all partitions", func() bool {
		return len(slices.DeleteFunc(a.seen(), func(l string) bool { return !strings.Contains(l, "after") })) == 4
	})
	once := both()
	slices.Sort(once)
	if all := len(once); len(slices.Compact(once)) != total+4 {
		t.Errorf("%d records arrived, %d of them different; %d were written", all, len(slices.Compact(once)), total+4)
	}
}
