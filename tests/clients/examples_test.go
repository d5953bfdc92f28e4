//go:build clients

package clients

import (
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/tests/brokers"
)

// TestExamples runs the programs in examples/ as their first lines say: every order is paid or refused, reserved and mailed, and the
// replay adds up.
func TestExamples(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	b := brokers.Weir(t, map[string]string{"weir.http.listener": door})
	root, err := brokers.Root()
	if err != nil {
		t.Fatal(err)
	}
	weir := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(brokers.WeirBinary(t), append(args, "--bootstrap", b.Addr)...).CombinedOutput(); err != nil {
			t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	weir("queue", "set", "payment", "errors.deadletterqueue.topic.name=dlq.orders")
	for _, command := range [][]string{
		{"go", "run", "./examples/orders", "--bootstrap", b.Addr, "--orders", "200"},
		{filepath.Join(root, ".cache/python/bin/python"), "examples/orders.py", "http://" + door, b.Addr, "200"},
	} {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "200 orders: 190 paid, 10 refused, 200 reserved, 200 mailed; 1900 of 1900 in the replay") {
			t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
}
