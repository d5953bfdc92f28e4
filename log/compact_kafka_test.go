package log

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/internal/clock"
	"weir/record"
	"weir/vfs"
)

// TestKafkaReadsACompactedLog has Kafka's own tool go through what compaction left: rewritten batches in every codec,
// tombstones with their horizon, markers, empty batches, and the indexes. WEIR_KAFKA_LIBS names a folder of Apache Kafka's
// jars.
func TestKafkaReadsACompactedLog(t *testing.T) {
	libs := os.Getenv("WEIR_KAFKA_LIBS")
	if libs == "" {
		t.Skip("WEIR_KAFKA_LIBS is not set")
	}
	dir := t.TempDir()
	clk := clock.NewManual(testStart)
	d, err := OpenDirectory(vfs.OS(), dir, DirectoryConfig{}, clk, quiet)
	must(t, err)
	cfg := compactConfig()
	cfg.SegmentBytes, cfg.FileDeleteDelayMs = 1<<20, 0
	r := &rig{TB: t, fs: vfs.OS(), clk: clk, d: d, cfg: cfg}
	r.l, err = d.Open(testID(0), cfg, 0)
	must(t, errors.Join(err, r.l.Err()))
	for i := range int32(200) {
		o := record.Options{Codec: record.Codec(i % 5), HasProducer: true, ProducerID: 5, BaseSequence: 3 * i}
		r.append(kvBatch(o, r.nowMs()+int64(i), kv{fmt.Sprint(i % 30), "x"}, kv{fmt.Sprint(i % 70), tombstone}, kv{fmt.Sprint(i), "y"}))
		o = record.Options{HasProducer: true, ProducerID: 7, BaseSequence: i, Transactional: true}
		r.append(kvBatch(o, r.nowMs(), kv{fmt.Sprint("t", i), "z"}))
		b := record.ControlBatch(record.ControlType(i%2), 7, 0, 1, r.nowMs())
		r.append(&b)
	}
	r.compact()
	want := 0
	for _, b := range batches(t, r.l, 0) {
		want += int(b.Count)
	}
	path := r.l.path
	must(t, d.Close(context.Background()))
	dump := func(suffix string) string {
		files, err := filepath.Glob(filepath.Join(path, "*"+suffix))
		must(t, err)
		out, err := exec.Command("java", "-Xmx256m", "-cp", libs+"/*", "org.apache.kafka.tools.DumpLogSegments",
			"--deep-iteration", "--files", strings.Join(files, ",")).CombinedOutput()
		for _, bad := range []string{"ismatch", "Exception", "corrupt", "isvalid: false", "bytes to the end", "Out of order"} {
			if err != nil || strings.Contains(string(out), bad) {
				t.Fatalf("%s: %v\n%s", suffix, err, out)
			}
		}
		return string(out)
	}
	logs := dump(logSuffix)
	if got := strings.Count(logs, "| offset: "); got != want || !strings.Contains(logs, "deleteHorizonMs: OptionalLong[") {
		t.Fatalf("Kafka reads %d records; want %d\n%s", got, want, logs)
	}
	for _, suffix := range []string{offsetIndexSuffix, timeIndexSuffix, txnIndexSuffix} {
		dump(suffix)
	}
}
