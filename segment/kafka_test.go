package segment

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/index"
	"weir/record"
	"weir/vfs"
)

const kafkaData = "testdata/kafka-4.3.1/"

var kafkaConfig = Config{IndexIntervalBytes: 512, IndexMaxBytes: 4096}

// kafkaWrote loads a partition directory that Kafka wrote into memory and returns its base offsets.
func kafkaWrote(t *testing.T, name string) (*vfs.Mem, []int64) {
	t.Helper()
	m := newMem(t)
	files, err := os.ReadDir(kafkaData + name)
	must(t, err)
	var bases []int64
	for _, f := range files {
		b, err := os.ReadFile(kafkaData + name + "/" + f.Name())
		must(t, err)
		putFile(t, m, f.Name(), b)
		if stem, ok := strings.CutSuffix(f.Name(), ".log"); ok {
			base, err := strconv.ParseInt(stem, 10, 64)
			must(t, err)
			bases = append(bases, base)
		}
	}
	must(t, m.SyncDir(testDir))
	return m, bases
}

func TestReadsWhatKafkaWrote(t *testing.T) {
	for name, wantNext := range map[string]int64{"clean": 360, "unclean": 360, "txn": 32} {
		m, bases := kafkaWrote(t, name)
		next := bases[0]
		for i, base := range bases {
			o := OpenOptions{Active: i == len(bases)-1, Clean: name != "unclean"}
			s, err := Open(m, testDir, base, kafkaConfig, o)
			must(t, err)
			if o.Active && name == "unclean" {
				report, err := s.Recover(base, nil)
				if err != nil || report.Cut != 0 {
					t.Fatalf("%s: recovered %+v, %v", name, report, err)
				}
			}
			if s.BaseOffset() != next {
				t.Fatalf("%s: segment %d follows %d", name, base, next)
			}
			log := fileBytes(t, m, fmt.Sprintf("%020d.log", base))
			if got, damage := served(t, s, base, 1000); damage != nil || !bytes.Equal(got, log) {
				t.Fatalf("%s: %d bytes of %d are served, %v", name, len(got), len(log), damage)
			}
			checkLookups(t, name, s)
			next = s.NextOffset()
			must(t, s.Close())
		}
		if next != wantNext {
			t.Fatalf("%s: the log ends at %d, want %d", name, next, wantNext)
		}
	}
}

// checkLookups looks every record up by its offset and its timestamp.
func checkLookups(t *testing.T, name string, s *Segment) {
	t.Helper()
	must(t, s.Scan(0, func(h record.Header, pos int64) (bool, error) {
		raw := make([]byte, h.Size())
		sl, err := s.Read(h.BaseOffset, -1, unlimited, h.Size(), true)
		must(t, err)
		_, err = sl.ReadAt(raw, 0)
		must(t, err)
		sl.Release()
		for r, err := range (record.Batch{Header: h, Raw: raw}).Records(1 << 20) {
			must(t, err)
			if at, _, ok, err := s.PositionOf(r.Offset); err != nil || !ok || at != pos {
				t.Fatalf("%s: position of %d: %d, %v; want %d", name, r.Offset, at, err, pos)
			}
			got, ok, err := s.LookupTime(r.Timestamp)
			if err != nil || !ok || got.Timestamp < r.Timestamp || got.Offset > r.Offset {
				t.Fatalf("%s: lookup of %d (offset %d): %+v, %v, %v", name, r.Timestamp, r.Offset, got, ok, err)
			}
		}
		return true, nil
	}))
}

// TestIndexesAreKafkas makes the indexes anew from Kafka's logs, in both ways there are, and compares every
// byte with what Kafka wrote.
func TestIndexesAreKafkas(t *testing.T) {
	for _, name := range []string{"clean", "txn"} {
		m, bases := kafkaWrote(t, name)
		for i, base := range bases {
			names := Names(base)
			wantOffsets, wantTimes := fileBytes(t, m, names[1]), fileBytes(t, m, names[2])
			same := func(how string) {
				t.Helper()
				if got := fileBytes(t, m, names[1]); !bytes.Equal(got, wantOffsets) {
					t.Fatalf("%s %s, %s: %x; Kafka's: %x", name, names[1], how, got, wantOffsets)
				}
				if got := fileBytes(t, m, names[2]); !bytes.Equal(got, wantTimes) {
					t.Fatalf("%s %s, %s: %x; Kafka's: %x", name, names[2], how, got, wantTimes)
				}
			}
			log := fileBytes(t, m, names[0])
			remove := func(names ...string) {
				for _, n := range names {
					must(t, m.Remove(testDir+"/"+n))
				}
			}
			open := func(o OpenOptions) *Segment {
				s, err := Open(m, testDir, base, kafkaConfig, o)
				must(t, err)
				return s
			}
			must(t, open(OpenOptions{Active: i == len(bases)-1, Clean: true}).Close())
			same("opened and closed")
			remove(names[1], names[2])
			must(t, open(OpenOptions{Active: true, Clean: true}).Close())
			same("rebuilt when opened")
			remove(names[1], names[2])
			s := open(OpenOptions{Active: true})
			_, err := s.Recover(base, nil)
			must(t, err)
			must(t, s.Close())
			same("recovered")
			remove(names[:3]...)
			appendAll(t, m, base, log)
			same("appended")
			if got := fileBytes(t, m, names[0]); !bytes.Equal(got, log) {
				t.Fatal("other bytes in the .log")
			}
		}
	}
}

// appendAll writes a segment anew, batch by batch.
func appendAll(t *testing.T, fsys vfs.FS, base int64, log []byte) {
	t.Helper()
	s, err := Create(fsys, testDir, base, kafkaConfig)
	must(t, err)
	for len(log) > 0 {
		h, err := record.ParseHeader(log)
		must(t, err)
		_, err = s.Append(&record.Batch{Header: h, Raw: log[:h.Size()]})
		must(t, err)
		log = log[h.Size():]
	}
	must(t, s.Close())
}

func TestTxnIndexOfKafka(t *testing.T) {
	m, _ := kafkaWrote(t, "txn")
	s, err := Open(m, testDir, 3, kafkaConfig, OpenOptions{Active: true, Clean: true})
	must(t, err)
	got, err := s.TxnIndex().All()
	must(t, err)
	var want []index.AbortedTxn
	for i := 1; i < 8; i += 3 { // four offsets each: three records and a marker
		first := int64(i * 4)
		want = append(want, index.AbortedTxn{ProducerID: got[0].ProducerID, FirstOffset: first,
			LastOffset: first + 3, LastStableOffset: first + 4})
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v; want %+v", got, want)
	}
	raw := fileBytes(t, m, Names(3)[3])
	must(t, s.TxnIndex().Reset())
	for _, a := range want {
		must(t, s.TxnIndex().Append(a))
	}
	if again := fileBytes(t, m, Names(3)[3]); !bytes.Equal(again, raw) {
		t.Fatalf("got %x; Kafka's: %x", again, raw)
	}
}

// TestKafkaReadsWhatWeWrote has Kafka's own tool read segments of ours. WEIR_KAFKA_LIBS names a folder of
// Apache Kafka's jars; set but unusable is a failure.
func TestKafkaReadsWhatWeWrote(t *testing.T) {
	libs := os.Getenv("WEIR_KAFKA_LIBS")
	if libs == "" {
		t.Skip("WEIR_KAFKA_LIBS is not set")
	}
	if jars, _ := filepath.Glob(libs + "/kafka-tools-*.jar"); len(jars) == 0 {
		t.Fatalf("WEIR_KAFKA_LIBS=%s holds no kafka-tools jar", libs)
	}
	dir := filepath.Join(t.TempDir(), "ours-0")
	must(t, vfs.OS().MkdirAll(dir))
	offsets, batches := writeForKafka(t, dir)
	run := func(args ...string) (string, error) {
		cmd := exec.Command("java", append([]string{"-Xmx256m", "-cp", libs + "/*",
			"org.apache.kafka.tools.DumpLogSegments"}, args...)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	dump := func(args ...string) string {
		t.Helper()
		out, err := run(args...)
		for _, bad := range []string{"ismatch", "Exception", "corrupt", "isvalid: false", "bytes to the end",
			"not found", "Out of order", "Could not"} {
			if err != nil || strings.Contains(out, bad) {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
		}
		return out
	}
	files, err := filepath.Glob(dir + "/*")
	must(t, err)
	slices.Sort(files)
	list := func(suffix string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(files), func(f string) bool {
			return !strings.HasSuffix(f, suffix)
		}), ",")
	}
	logs := dump("--deep-iteration", "--print-data-log", "--files", list(".log"))
	if got := strings.Count(logs, "| offset: "); got != offsets {
		t.Fatalf("the dump shows %d records, want %d\n%s", got, offsets, logs)
	}
	// The tool takes -1 for the offset before a file's first, and says so of Kafka's own segments as well.
	if n := strings.Count(logs, "is followed by"); n != strings.Count(logs, " -1 is followed by") {
		t.Fatalf("offsets are missing:\n%s", logs)
	}
	if got := strings.Count(logs, "isvalid: true"); got != batches {
		t.Fatalf("the dump shows %d good batches, want %d", got, batches)
	}
	indexes := list("index") // offset, time and transaction indexes
	if out := dump("--index-sanity-check", "--files", indexes); strings.Count(out, "passed sanity check") != 4 {
		t.Fatalf("not all four passed:\n%s", out)
	}
	dump("--verify-index-only", "--files", indexes)
	if out := dump("--deep-iteration", "--files", indexes); strings.Count(out, "producerId: 77") != 2 {
		t.Fatalf("transaction index:\n%s", out)
	}
	// The tool does find an entry that is wrong.
	first := strings.Split(list(".index"), ",")[0]
	raw, err := os.ReadFile(first)
	must(t, err)
	raw[3] ^= 1
	must(t, os.WriteFile(first, raw, 0o600))
	if out, _ := run("--verify-index-only", "--files", first); !strings.Contains(out, "ismatch") {
		t.Fatalf("a wrong entry went unnoticed:\n%s", out)
	}
}

// writeForKafka writes two segments with every codec, control batches and aborted transactions, and has them compressed
// and expanded again.
func writeForKafka(t *testing.T, dir string) (offsets, batches int) {
	t.Helper()
	c := Config{IndexIntervalBytes: 1024, IndexMaxBytes: 10 << 20}
	next, ts := int64(0), int64(1_357_016_400_000)
	for range 2 {
		s, err := Create(vfs.OS(), dir, next, c)
		must(t, err)
		put := func(b record.Batch) {
			b.Stamp(next, 5)
			_, err := s.Append(&b)
			must(t, err)
			next += int64(b.LastOffsetDelta) + 1
			batches++
		}
		for i := range 60 {
			b := record.NewBuilder(record.Options{Codec: record.Codec(i % 5)})
			for j := range 1 + i%7 {
				b.Append(ts, fmt.Appendf(nil, "k%d", j), bytes.Repeat([]byte{'v', byte('0' + j)}, 30+i),
					record.RecordHeader{Key: "h", Value: []byte("x")})
				ts += int64(13 - i%20) // not always upwards
			}
			put(b.Build())
		}
		b := record.NewBuilder(record.Options{Transactional: true, HasProducer: true, ProducerID: 77})
		b.Append(ts, nil, []byte("aborted"))
		first := next
		put(b.Build())
		put(record.ControlBatch(record.ControlAbort, 77, 0, 1, ts))
		must(t, s.TxnIndex().Append(index.AbortedTxn{ProducerID: 77, FirstOffset: first, LastOffset: next - 1,
			LastStableOffset: next}))
		must(t, s.Seal())
		w := &written{Segment: s, t: t, fs: vfs.OS()}
		w.toFrames(smallFrames)
		w.toPlain()
		must(t, s.Close())
	}
	return int(next), batches
}
