//go:build clients

package clients

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/tests/brokers"
)

// TestConnectExactlyOnce kills the worker of Kafka Connect that reads a file in the midst of it, under
// exactly.once.source.support: the other worker takes the work over, the topic has each line once, and the copies have all lines.
func TestConnectExactlyOnce(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, quickTimeouts)
			c := &connect{t: t, broker: b, ref: newReference(t, b.Addr), dir: t.TempDir(),
				settings: map[string]string{"exactly.once.source.support": "enabled", "session.timeout.ms": "3000", "heartbeat.interval.ms": "300"},
				overrides: [2]map[string]string{
					{"exactly.once.support": "required"},
					{"consumer.override.isolation.level": "read_committed", "consumer.override.session.timeout.ms": "3000",
						"consumer.override.heartbeat.interval.ms": "300"},
				}}
			c.start()
			c.start()
			c.awaitReady()
			c.copyLines(0)
			c.copyLines(1)
			c.awaitSpread(2)
			c.write(0, "first", 200)
			c.write(1, "first", 200)
			c.awaitStored(400)

			stop := c.flow()
			c.awaitStored(1000)
			gone := c.readerOf(0)
			gone.kill()
			c.without(gone)
			c.awaitSpread(1)
			stop()
			c.awaitStored(len(c.written[0]) + len(c.written[1]))
			c.checkOnce()
			c.awaitInCopies()
		})
	}
}

// flow writes lines to both files until the function that it returns is called.
func (c *connect) flow() (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			for i := range c.written {
				c.write(i, fmt.Sprint("flow ", n), 5)
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond): // how fast they come
			}
		}
	})
	stop = func() { cancel(); wg.Wait() }
	c.t.Cleanup(stop)
	return stop
}

// readerOf is the worker on which a file is read.
func (c *connect) readerOf(i int) *connectWorker {
	c.t.Helper()
	var got struct {
		Tasks []struct {
			Worker string `json:"worker_id"`
		}
	}
	_, body := c.rest(c.workers[0], http.MethodGet, "/connectors/"+c.reader(i)+"/status", nil)
	if err := json.Unmarshal(body, &got); err != nil || len(got.Tasks) != 1 {
		c.t.Fatalf("status of %s: %v %s", c.reader(i), err, body)
	}
	at := slices.IndexFunc(c.workers, func(w *connectWorker) bool { return w.addr == got.Tasks[0].Worker })
	if at < 0 {
		c.t.Fatalf("no worker has task %s", body)
	}
	return c.workers[at]
}

// awaitStored waits until both topics together have so many committed lines.
func (c *connect) awaitStored(n int) {
	c.t.Helper()
	await(c.t, connectReady, "lines are stored", func() bool {
		return len(c.ref.committed(c.topic(0), 1))+len(c.ref.committed(c.topic(1), 1)) >= n
	})
}

// checkOnce compares the committed lines of each topic with its file.
func (c *connect) checkOnce() {
	c.t.Helper()
	for i := range c.written {
		var got []string
		for _, r := range c.ref.committed(c.topic(i), 1) {
			got = append(got, string(r.Value))
		}
		if !slices.Equal(got, c.written[i]) {
			c.t.Errorf("file %d: its topic has %d committed lines, not the %d that were written once each in order", i, len(got), len(c.written[i]))
		}
	}
}

// awaitInCopies waits until every line is in its copy: the sink writes files, and may write what it had not yet committed again.
func (c *connect) awaitInCopies() {
	c.t.Helper()
	for i := range c.written {
		await(c.t, connectReady, "all lines are in the copy", func() bool {
			text, err := os.ReadFile(c.file("to", i))
			if err != nil {
				c.t.Fatal(err)
			}
			there := map[string]bool{}
			for line := range strings.Lines(string(text)) {
				there[strings.TrimSuffix(line, "\n")] = true
			}
			return !slices.ContainsFunc(c.written[i], func(line string) bool { return !there[line] })
		})
	}
}
