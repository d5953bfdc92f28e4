//go:build clients

package compaction

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/twmb/franz-go/pkg/kadm"

	"weir/tests/brokers"
)

// checkpoint is the file in which both brokers note how far the compaction of each log is.
const checkpoint = "cleaner-offset-checkpoint"

// compactionTimeout bounds how long nothing may become of compaction.
const compactionTimeout = 5 * time.Minute

// cleanedWatch follows the file.
type cleanedWatch struct {
	t *testing.T
	b *brokers.Broker
	w *fsnotify.Watcher
}

func watchCleaned(t *testing.T, b *brokers.Broker) *cleanedWatch {
	t.Helper()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	if err := w.Add(b.Dir); err != nil {
		t.Fatal(err)
	}
	return &cleanedWatch{t, b, w}
}

// wait returns when the topics are compacted up to the offset.
func (c *cleanedWatch) wait(topics []string, to int64) {
	c.t.Helper()
	names := c.names(topics)
	timer := time.NewTimer(compactionTimeout)
	defer timer.Stop()
	for !c.reached(names, to) {
		select {
		case e := <-c.w.Events:
			if filepath.Base(e.Name) == checkpoint {
				timer.Reset(compactionTimeout)
			}
		case err := <-c.w.Errors:
			c.t.Fatal(err)
		case <-timer.C:
			text, _ := os.ReadFile(filepath.Join(c.b.Dir, checkpoint))
			c.t.Fatalf("%s: compaction gets nowhere\n%s\n%s", c.b.Kind, text, c.b.Tail(3000))
		}
	}
}

// names are what the file calls the topics: Kafka by name, Weir by id.
func (c *cleanedWatch) names(topics []string) []string {
	if c.b.Kind == brokers.KindKafka {
		return topics
	}
	cl := client(c.t, c.b)
	defer cl.Close()
	details, err := kadm.NewClient(cl).ListTopics(c.t.Context(), topics...)
	if err != nil {
		c.t.Fatal(err)
	}
	var ids []string
	for _, topic := range topics {
		id := details[topic].ID
		ids = append(ids, base64.RawURLEncoding.EncodeToString(id[:]))
	}
	return ids
}

func (c *cleanedWatch) reached(names []string, to int64) bool {
	text, err := os.ReadFile(filepath.Join(c.b.Dir, checkpoint))
	if err != nil {
		return false // none yet, or just being replaced
	}
	at := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 {
			at[f[0]], _ = strconv.ParseInt(f[2], 10, 64)
		}
	}
	for _, name := range names {
		if at[name] < to {
			return false
		}
	}
	return true
}

// cpu is the seconds of processor time that a broker has used.
func cpu(t *testing.T, b *brokers.Broker) float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(b.PID()), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	const ticksPerSecond = 100
	return float64(user+system) / ticksPerSecond
}

// diskSize is the bytes of all .log files.
func diskSize(t *testing.T, b *brokers.Broker) (n int64) {
	t.Helper()
	err := filepath.WalkDir(b.Dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".log") && !strings.Contains(path, "__cluster_metadata") {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				n += info.Size()
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
