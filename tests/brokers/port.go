package brokers

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// defaultPorts lies below the range that Linux gives to outgoing connections: a broker that is away for a
// moment must find its port free when it comes back.
const defaultPorts = "19100-19399"

// ReservePort returns a port that nobody listens on and that no other test process that uses this package
// gets while this test runs. WEIR_TEST_PORTS (FIRST-LAST) replaces the range.
func ReservePort(tb testing.TB) int {
	tb.Helper()
	ports := os.Getenv("WEIR_TEST_PORTS")
	if ports == "" {
		ports = defaultPorts
	}
	from, to, _ := strings.Cut(ports, "-")
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil {
		tb.Fatalf("WEIR_TEST_PORTS=%q is not FIRST-LAST", ports)
	}
	dir := filepath.Join(os.TempDir(), "weir-test-ports")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	for port := first; port <= last; port++ {
		if reserve(tb, dir, port) {
			return port
		}
	}
	tb.Fatalf("no port of %s is free", ports)
	return 0
}

// reserve takes the lock file of a port and looks whether it is free.
func reserve(tb testing.TB, dir string, port int) bool {
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(port)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return false
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		f.Close()
		return false
	}
	l.Close()
	tb.Cleanup(func() { f.Close() })
	return true
}
