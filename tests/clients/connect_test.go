//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/tests/brokers"
)

// TestConnect has two workers of Kafka Connect form a cluster by the group protocol that is theirs. Connectors copy lines
// from files into topics and from there into files; when one worker stops, the other takes all of its work over.
func TestConnect(t *testing.T) {
	t.Parallel()
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, nil)
			c := &connect{t: t, broker: b, ref: newReference(t, b.Addr), dir: t.TempDir()}
			c.start()
			c.start()
			c.awaitReady()
			for i := range 2 {
				c.copyLines(i)
			}
			c.awaitSpread(2)
			c.write(0, "first", 200)
			c.write(1, "first", 200)
			c.awaitCopied()

			gone := c.workers[1]
			gone.stop()
			c.without(gone)
			c.awaitSpread(1)
			c.write(0, "second", 200)
			c.write(1, "second", 200)
			c.awaitCopied()
		})
	}
}

// connectReady bounds what Connect does: a worker needs its time on a busy machine.
const connectReady = 2 * time.Minute

// connect is a cluster of workers, with the files that its connectors copy.
type connect struct {
	t        *testing.T
	broker   *brokers.Broker
	ref      *reference
	dir      string
	settings map[string]string // of the workers, beside those of every test
	// overrides are settings of the connectors that read and of those that write, beside those of every test.
	overrides [2]map[string]string
	workers   []*connectWorker
	started   int        // workers
	written   [][]string // by file
}

// connectWorker is a worker's process.
type connectWorker struct {
	*jvm
	addr string // of its REST interface, which is its name as well
}

// start runs one more worker.
func (c *connect) start() {
	c.t.Helper()
	w := &connectWorker{addr: fmt.Sprintf("127.0.0.1:%d", brokers.ReservePort(c.t))}
	name := fmt.Sprintf("worker-%d", c.started)
	c.started++
	settings := map[string]string{
		"bootstrap.servers": c.broker.Addr, "group.id": "connect-cluster", "listeners": "http://" + w.addr,
		"config.storage.topic": "connect-configs", "config.storage.replication.factor": "1",
		"offset.storage.topic": "connect-offsets", "offset.storage.replication.factor": "1", "offset.storage.partitions": "2",
		"status.storage.topic": "connect-status", "status.storage.replication.factor": "1", "status.storage.partitions": "2",
		"key.converter":   "org.apache.kafka.connect.storage.StringConverter",
		"value.converter": "org.apache.kafka.connect.storage.StringConverter",
		// A worker that stops gives its work back at once, and one that dies is missed soon.
		"scheduled.rebalance.max.delay.ms": "0", "session.timeout.ms": "6000", "heartbeat.interval.ms": "500",
		"offset.flush.interval.ms": "500", "plugin.discovery": "service_load",
	}
	maps.Copy(settings, c.settings)
	file := filepath.Join(c.dir, name+".properties")
	writeProperties(c.t, file, settings)
	w.jvm = startJVM(c.t, c.dir, name, "org.apache.kafka.connect.cli.ConnectDistributed", file)
	c.workers = append(c.workers, w)
}

// awaitReady waits until every worker answers.
func (c *connect) awaitReady() {
	c.t.Helper()
	for _, w := range c.workers {
		await(c.t, connectReady, "worker "+w.addr+" answers", func() bool {
			status, _ := c.rest(w, http.MethodGet, "/connectors", nil)
			return status == http.StatusOK
		})
	}
}

// without takes a worker that has ended from the list.
func (c *connect) without(w *connectWorker) {
	c.workers = slices.DeleteFunc(c.workers, func(o *connectWorker) bool { return o == w })
}

// rest asks a worker and returns the status, 0 if there was no answer, and the body.
func (c *connect) rest(w *connectWorker, method, path string, body any) (int, []byte) {
	c.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+w.addr+path, bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0, nil
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, nil
	}
	return a.StatusCode, got
}

// copyLines makes a connector that copies a file into a topic and one that copies the topic into another file. Each is asked of
// another worker: one of them has to pass it on to the leader.
func (c *connect) copyLines(i int) {
	c.t.Helper()
	c.written = append(c.written, nil)
	for j, settings := range []map[string]string{
		{"name": c.reader(i), "connector.class": "FileStreamSource", "file": c.file("from", i), "topic": c.topic(i)},
		{"name": fmt.Sprintf("write-%d", i), "connector.class": "FileStreamSink", "file": c.file("to", i), "topics": c.topic(i),
			"consumer.override.auto.offset.reset": "earliest"},
	} {
		settings["tasks.max"] = "1"
		maps.Copy(settings, c.overrides[j])
		if err := os.WriteFile(settings["file"], nil, 0o600); err != nil {
			c.t.Fatal(err)
		}
		var said []byte
		await(c.t, connectReady, "connector "+settings["name"]+" is accepted", func() bool {
			var status int
			status, said = c.rest(c.workers[j], http.MethodPut, "/connectors/"+settings["name"]+"/config", settings)
			if status != http.StatusCreated && status != http.StatusOK && status != http.StatusConflict && status != 0 {
				c.t.Fatalf("connector %s: %d %s", settings["name"], status, said)
			}
			return status == http.StatusCreated || status == http.StatusOK // a conflict is a rebalance that goes on
		})
	}
}

func (c *connect) file(side string, i int) string {
	return filepath.Join(c.dir, fmt.Sprintf("%s-%d.txt", side, i))
}

func (c *connect) reader(i int) string { return fmt.Sprintf("read-%d", i) }

func (c *connect) topic(i int) string { return fmt.Sprintf("connect-lines-%d", i) }

// awaitSpread waits until all connectors and tasks run, and that on exactly so many workers, who are the group's members.
func (c *connect) awaitSpread(workers int) {
	c.t.Helper()
	await(c.t, connectReady, fmt.Sprintf("everything runs on %d workers", workers), func() bool {
		_, body := c.rest(c.workers[0], http.MethodGet, "/connectors?expand=status", nil)
		places, running := placesOf(body)
		got, err := c.ref.adm.DescribeGroups(c.t.Context(), "connect-cluster")
		g := got["connect-cluster"]
		return err == nil && running == 8 && len(places) == workers && places[c.workers[0].addr] > 0 &&
			g.ProtocolType == "connect" && g.State == "Stable" && len(g.Members) == workers
	})
}

// placesOf says how many connectors and tasks run on each worker, and how many there are in all.
func placesOf(body []byte) (places map[string]int, running int) {
	type unit struct {
		State  string
		Worker string `json:"worker_id"`
	}
	var all map[string]struct {
		Status struct {
			Connector unit
			Tasks     []unit
		}
	}
	places = map[string]int{}
	if json.Unmarshal(body, &all) != nil {
		return places, 0
	}
	for _, connector := range all {
		for _, u := range append(connector.Status.Tasks, connector.Status.Connector) {
			if u.State == "RUNNING" {
				places[u.Worker]++
				running++
			}
		}
	}
	return places, running
}

// write appends lines to a file that is copied.
func (c *connect) write(i int, label string, n int) {
	c.t.Helper()
	f, err := os.OpenFile(c.file("from", i), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	for j := range n {
		line := fmt.Sprintf("%s %d %d", label, i, j)
		c.written[i] = append(c.written[i], line)
		if _, err := fmt.Fprintln(f, line); err != nil {
			c.t.Fatal(err)
		}
	}
}

// awaitCopied waits until every file's lines are in its copy, in order, and nothing else.
func (c *connect) awaitCopied() {
	c.t.Helper()
	for i := range c.written {
		var got []string
		await(c.t, connectReady, fmt.Sprintf("the %d lines of file %d are copied", len(c.written[i]), i), func() bool {
			text, err := os.ReadFile(c.file("to", i))
			if err != nil {
				c.t.Fatal(err)
			}
			got = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			return len(got) >= len(c.written[i])
		})
		if !slices.Equal(got, c.written[i]) {
			c.t.Errorf("file %d: its copy has %d lines, not the %d that were written, or in another order", i, len(got), len(c.written[i]))
		}
	}
}
