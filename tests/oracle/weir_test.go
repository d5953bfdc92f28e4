package oracle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/broker"
	"weir/config"
)

// findSubject returns the broker to compare with Kafka: a Weir started here, unless another is named.
func findSubject(t *testing.T) endpoint {
	t.Helper()
	switch addr := os.Getenv("ORACLE_SUBJECT"); addr {
	case "":
		return startWeir(t, "")
	case "kafka":
		return startKafka(t, "second kafka", os.Getenv("WEIR_KAFKA_LIBS"), "")
	default:
		return parseEndpoint(t, "subject", addr)
	}
}

// startWeir opens a broker in this process with the settings that the Kafka has too, and more, a line each.
func startWeir(t *testing.T, more string) endpoint {
	t.Helper()
	e := endpoint{name: "weir", host: "127.0.0.1", port: freePort(t)}
	b, err := broker.Open(context.Background(), broker.Config{Values: weirValues(t, e, filepath.Join(t.TempDir(), "log"), more)})
	if err != nil {
		t.Fatalf("open weir: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Errorf("close weir: %v", err)
		}
	})
	return e
}

// weirValues are the settings that the Kafka has too, and more, a line each.
func weirValues(t *testing.T, e endpoint, dir, more string) *config.Values {
	t.Helper()
	flags := map[string]string{"listeners": fmt.Sprintf("PLAINTEXT://127.0.0.1:%d", e.port), "log.dirs": dir,
		"weir.group.consumer.hurried.heartbeat.interval.ms": "0"} // as Kafka does
	for line := range strings.Lines(settings + more) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		flags[name] = value
	}
	values, err := config.Load(config.LoadOptions{Flags: flags})
	if err != nil {
		t.Fatalf("settings of weir: %v", err)
	}
	return values
}
