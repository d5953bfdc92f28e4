package admin_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/broker"
	"weir/config"
)

// BenchmarkQueue sends, receives and acknowledges messages in batches of 10, all at one time; every answer stands for what is
// durable. One operation is one message from its send to its acknowledgement. The clients share the process, and its processors.
func BenchmarkQueue(b *testing.B) {
	for _, size := range []int{100, 1024} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) { benchmarkQueue(b, size) })
	}
}

const (
	benchSenders   = 16
	benchReceivers = 16
	benchBatch     = 10
)

func benchmarkQueue(b *testing.B, size int) {
	v, err := config.Load(config.LoadOptions{Flags: map[string]string{"log.dirs": b.TempDir(), "listeners": "PLAINTEXT://127.0.0.1:0",
		"weir.http.listener": "127.0.0.1:0", "num.partitions": "6"}})
	if err != nil {
		b.Fatal(err)
	}
	br, err := broker.Open(b.Context(), broker.Config{Values: v, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer br.Close(b.Context())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchSenders + benchReceivers}}
	queue := "http://" + br.HTTPAddr().String() + "/v1/queues/q/"
	post := func(path string, body []byte) []byte {
		resp, err := client.Post(queue+path, "application/json", bytes.NewReader(body))
		if err != nil {
			b.Error(err)
			return nil
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			b.Errorf("%s: %d %s, %v", path, resp.StatusCode, text, err)
		}
		return text
	}
	one := `{"value":"` + strings.Repeat("v", size) + `"}`
	batch := []byte(`{"messages":[` + strings.TrimSuffix(strings.Repeat(one+",", benchBatch), ",") + `]}`)
	post("messages", batch)
	post("receive?group=g&max=10&visibility_ms=1", nil)

	var sent, acknowledged atomic.Int64
	var all sync.WaitGroup
	want := int64(b.N)
	b.ResetTimer()
	began := time.Now()
	for range benchSenders {
		all.Go(func() {
			for sent.Add(benchBatch) <= want+benchBatch && !b.Failed() {
				post("messages", batch)
			}
		})
	}
	for range benchReceivers {
		all.Go(func() {
			for acknowledged.Load() < want && !b.Failed() {
				var got struct{ Messages []struct{ Receipt string } }
				if err := json.Unmarshal(post("receive?group=g&max=10&wait_ms=100", nil), &got); err != nil {
					b.Error(err)
					return
				}
				if len(got.Messages) == 0 {
					continue
				}
				var receipts []string
				for _, m := range got.Messages {
					receipts = append(receipts, m.Receipt)
				}
				body, _ := json.Marshal(map[string][]string{"receipts": receipts})
				post("ack", body)
				acknowledged.Add(int64(len(receipts)))
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(acknowledged.Load())/time.Since(began).Seconds(), "messages/s")
}
