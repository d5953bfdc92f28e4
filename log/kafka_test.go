package log

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/internal/clock"
	"weir/vfs"
)

const kafkaData = "testdata/kafka-4.3.1/"

// committedByKafka are the offsets that a read_committed consumer got from Apache Kafka 4.3.1.
var committedByKafka = map[string][]int64{
	"txn": {
		0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 19, 22, 24, 25, 26, 28, 29, 30, 32, 33, 34, 36,
		37, 40, 42, 43, 45, 46, 47, 49, 50, 51, 53, 54, 55, 58, 60, 62, 63, 64, 66, 67, 68, 70, 71, 72, 74, 75,
		77, 79, 80, 82, 83, 84, 86, 87, 88, 90, 91, 94, 96, 97, 99, 100, 101, 103, 104, 105, 107, 108, 110, 112,
		114,
	},
	"open": {
		0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 19, 21, 23, 25, 26, 28, 29, 30, 32, 33, 34, 36,
		38, 40, 41, 43, 45, 46, 47, 49, 50, 51, 53, 54, 55, 58, 60, 62, 63, 64, 66, 67, 68, 70, 71, 72, 74, 76,
		78, 79, 80, 82, 83, 84, 86, 87, 88, 90, 91, 94, 95, 97,
	},
}

// openKafka opens a partition that Kafka wrote; edit changes its directory before.
func openKafka(t *testing.T, name string, edit func(m *vfs.Mem, dir string)) *Log {
	t.Helper()
	m := vfs.NewMem()
	dir := dataDir + "/" + testID(0).String()
	must(t, m.MkdirAll(dir))
	files, err := os.ReadDir(kafkaData + name)
	must(t, err)
	for _, f := range files {
		b, err := os.ReadFile(kafkaData + name + "/" + f.Name())
		must(t, err)
		must(t, writeFile(m, dir+"/"+f.Name(), b))
	}
	if strings.HasSuffix(name, "-clean") {
		must(t, writeFile(m, dataDir+"/"+cleanMarkerFile, []byte(`{"version":0,"brokerEpoch":19}`)))
	}
	if edit != nil {
		edit(m, dir)
	}
	d, err := openDir(m, clock.NewManual(testStart))
	must(t, err)
	t.Cleanup(func() { _ = d.Close(context.Background()) })
	l, err := d.Open(testID(0), DefaultConfig(), 3)
	must(t, errors.Join(err, l.Err()))
	return l
}

// committedOffsets filters as a read_committed client does.
func committedOffsets(t *testing.T, l *Log) []int64 {
	t.Helper()
	stable := l.LastStable(l.EndOffset())
	aborted, err := l.AbortedTxns(0, stable)
	must(t, err)
	slices.SortFunc(aborted, func(a, b AbortedTxn) int { return int(a.FirstOffset - b.FirstOffset) })
	var out []int64
	dropping := map[int64]bool{}
	for _, b := range batches(t, l, 0) {
		for len(aborted) > 0 && aborted[0].FirstOffset <= b.LastOffset() {
			dropping[aborted[0].ProducerID] = true
			aborted = aborted[1:]
		}
		if b.IsControl() {
			if m, _, err := markerOf(b); err == nil && m.abort {
				delete(dropping, b.ProducerID)
			}
			continue
		}
		if b.IsTransactional() && dropping[b.ProducerID] || b.BaseOffset >= stable {
			continue
		}
		for r, err := range b.Records(1 << 20) {
			must(t, err)
			out = append(out, r.Offset)
		}
	}
	return out
}

func TestReadsKafkasTransactions(t *testing.T) {
	for _, topic := range []string{"txn", "open"} {
		for _, stop := range []string{"clean", "unclean"} {
			t.Run(topic+"-"+stop, func(t *testing.T) {
				l := openKafka(t, topic+"-"+stop, nil)
				if got := committedOffsets(t, l); !slices.Equal(got, committedByKafka[topic]) {
					t.Fatalf("read_committed: got %v; want %v", got, committedByKafka[topic])
				}
				if open := l.LastStable(l.EndOffset()) < l.EndOffset(); open != (topic == "open") {
					t.Fatalf("last stable %d, end %d", l.LastStable(l.EndOffset()), l.EndOffset())
				}
			})
		}
	}
}

// TestRebuildsWhatKafkaDerived: from the records alone come the same transaction indexes and the same
// producers.
func TestRebuildsWhatKafkaDerived(t *testing.T) {
	want := openKafka(t, "open-clean", nil).Producers()
	without := func(suffixes ...string) func(*vfs.Mem, string) {
		return func(m *vfs.Mem, dir string) {
			names, err := m.List(dir)
			must(t, err)
			for _, name := range names {
				if slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) }) {
					must(t, m.Remove(dir+"/"+name))
				}
			}
		}
	}
	l := openKafka(t, "open-unclean", without(".txnindex", ".snapshot", ".index", ".timeindex", leaderEpochFile))
	if got := l.Producers(); !slices.Equal(got, want) {
		t.Fatalf("producers: got %+v; want %+v", got, want)
	}
	if got := committedOffsets(t, l); !slices.Equal(got, committedByKafka["open"]) {
		t.Fatalf("read_committed: got %v; want %v", got, committedByKafka["open"])
	}
	dir := kafkaData + "open-clean/"
	for _, e := range *l.list.Load() {
		name := offsetName(e.seg.BaseOffset(), txnIndexSuffix)
		theirs, err := os.ReadFile(dir + name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		ours, err := readFile(l.fs, join(l.path, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if !slices.Equal(ours, theirs) {
			t.Fatalf("%s: ours % x; Kafka's % x", name, ours, theirs)
		}
	}
}

// TestSnapshotsAreKafkas: Kafka's snapshots read, and written again are the same bytes up to the order of
// producers.
func TestSnapshotsAreKafkas(t *testing.T) {
	files, err := os.ReadDir(kafkaData + "open-clean")
	must(t, err)
	n := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), snapshotSuffix) {
			continue
		}
		n++
		theirs, err := os.ReadFile(kafkaData + "open-clean/" + f.Name())
		must(t, err)
		s, err := decodeSnapshot(theirs)
		must(t, err)
		ours := encodeSnapshot(&s)
		again, err := decodeSnapshot(ours)
		must(t, err)
		if len(ours) != len(theirs) || !slices.Equal(s.describe(), again.describe()) {
			t.Fatalf("%s: %d bytes, %+v; ours %d bytes, %+v", f.Name(), len(theirs), s.describe(), len(ours),
				again.describe())
		}
		if !slices.Equal(sortedEntries(ours), sortedEntries(theirs)) {
			t.Fatalf("%s: entries differ", f.Name())
		}
	}
	if n < 5 {
		t.Fatalf("%d snapshots", n)
	}
}

func sortedEntries(b []byte) []string {
	var out []string
	for b = b[snapshotHeaderBytes:]; len(b) >= snapshotEntryBytes; b = b[snapshotEntryBytes:] {
		out = append(out, string(b[:snapshotEntryBytes]))
	}
	slices.Sort(out)
	return out
}

// TestKafkaReadsOurSnapshot has Kafka's own tool read a snapshot with the last five batches behind its
// entries, which Kafka does not know. WEIR_KAFKA_LIBS names a folder of Apache Kafka's jars.
func TestKafkaReadsOurSnapshot(t *testing.T) {
	libs := os.Getenv("WEIR_KAFKA_LIBS")
	if libs == "" {
		t.Skip("WEIR_KAFKA_LIBS is not set")
	}
	r := newRig(t, smallConfig())
	for seq := range int32(7) {
		r.append(idempotent(4711, 3, seq, 1, 1000))
		r.append(idempotent(4712, 3, seq, 1, 1000))
	}
	data := encodeSnapshot(&r.l.producers)
	if len(data) <= snapshotHeaderBytes+2*snapshotEntryBytes {
		t.Fatal("no tail")
	}
	name := filepath.Join(t.TempDir(), offsetName(r.l.EndOffset(), snapshotSuffix))
	must(t, os.WriteFile(name, data, 0o600))
	out, err := exec.Command("java", "-Xmx256m", "-cp", libs+"/*", "org.apache.kafka.tools.DumpLogSegments",
		"--files", name).CombinedOutput()
	for _, want := range []string{"producerId: 4711 producerEpoch: 3", "lastSequence: 6", "producerId: 4712"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Fatalf("%v: no %q in\n%s", err, want, out)
		}
	}
}
