//go:build clients

package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/tests/brokers"
)

// weirWithDoor starts a Weir that also serves HTTP, and returns where.
func weirWithDoor(t testing.TB, settings map[string]string) (b *brokers.Broker, door string) {
	t.Helper()
	all := map[string]string{"weir.http.listener": fmt.Sprintf("127.0.0.1:%d", brokers.ReservePort(t))}
	maps.Copy(all, settings)
	return brokers.Weir(t, all), "http://" + all["weir.http.listener"]
}

// weir runs the program against a broker; it must succeed.
func weir(t testing.TB, b *brokers.Broker, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), brokers.WeirBinary(t), append(args, "--bootstrap", b.Addr)...).CombinedOutput()
	if err != nil {
		t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestExamples runs the programs in examples/ as their first lines say, each at a broker of its own: every order is paid or refused, reserved
// and mailed, what was refused is a dead letter, and nothing is left.
func TestExamples(t *testing.T) {
	const settled = "payment: 190 done, 10 refused, 20 at the second try, 0 twice\n" +
		"inventory: 200 done, 0 refused, 0 at the second try, 0 twice\nemail: 200 done, 0 refused, 0 at the second try, 0 twice\n" +
		"dlq.orders: 10 replayed, worth 0\norders: 200 replayed, worth 1900\n"
	root := brokers.MustRoot(t)
	for _, x := range []struct {
		name    string
		file    string
		listed  int // dead letters that it prints
		command func(b *brokers.Broker, door string) []string
	}{
		{"go", "examples/orders/main.go", 0, func(b *brokers.Broker, _ string) []string {
			return []string{"go", "run", "./examples/orders", "--bootstrap", b.Addr, "--orders", "200"}
		}},
		{"python", "examples/orders.py", 2, func(b *brokers.Broker, door string) []string {
			weir(t, b, "queue", "set", "payment", "errors.deadletterqueue.topic.name=dlq.orders")
			return []string{filepath.Join(root, ".cache/python/bin/python"), "examples/orders.py", door, b.Addr, "200"}
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			if text, err := os.ReadFile(filepath.Join(root, x.file)); err != nil || bytes.Count(text, []byte("\n")) >= 200 {
				t.Errorf("%s is to be read at once, in under 200 lines (%v)", x.file, err)
			}
			b, door := weirWithDoor(t, nil)
			line := x.command(b, door)
			cmd := exec.CommandContext(t.Context(), line[0], line[1:]...)
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			rest, ok := strings.CutPrefix(string(out), settled)
			if err != nil || !ok || strings.Count(rest, "\n") != x.listed || strings.Count(rest, `"amount": 0} after 1 delivery`) != x.listed {
				t.Errorf("it ended with %v and printed\n%s", err, out)
			}
			settledOrders(t, b)
		})
	}
}

// settledOrders checks what an example left behind: the dead letters are those of payment, and no group has orders to come.
func settledOrders(t *testing.T, b *brokers.Broker) {
	t.Helper()
	ref := newReference(t, b.Addr)
	letters := map[int]int{}
	ends, err := ref.adm.ListEndOffsets(t.Context(), "dlq.orders")
	if err != nil {
		t.Fatal(err)
	}
	for p, end := range ends["dlq.orders"] {
		for _, r := range ref.read("dlq.orders", p, int(end.Offset)) {
			var order struct{ ID int }
			if err := json.Unmarshal(r.Value, &order); err != nil {
				t.Errorf("dead letter %v: %v", r, err)
			}
			letters[order.ID]++
			if got := r.header("__dlq.errors.group"); got != "payment" {
				t.Errorf("dead letter %v is of group %q", r, got)
			}
		}
	}
	for id := range 200 {
		if want := map[bool]int{true: 1}[id%20 == 0]; letters[id] != want {
			t.Errorf("order %d has %d dead letters", id, letters[id])
		}
	}
	for _, group := range []string{"payment", "inventory", "email"} {
		await(t, 20*time.Second, group+" has nothing to come", func() bool { return ref.shareLag(group, "orders") == 0 })
	}
}
