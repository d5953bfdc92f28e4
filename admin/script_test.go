package admin_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestShellScripts: two scripts with curl work one queue off together, each message once.
func TestShellScripts(t *testing.T) {
	d := open(t, t.TempDir(), "num.partitions=2")
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("message %02d", i))
	}
	d.send("q", want...)
	var all sync.WaitGroup
	var outputs [2][]byte
	for i := range outputs {
		all.Go(func() {
			out, err := exec.CommandContext(t.Context(), "../examples/drain.sh", d.url, "q", "a group").CombinedOutput()
			if err != nil {
				t.Errorf("drain.sh: %v: %s", err, out)
			}
			outputs[i] = out
		})
	}
	all.Wait()
	got := strings.Split(strings.TrimSpace(string(outputs[0])+string(outputs[1])), "\n")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("printed %q", got)
	}
	d.none("q", "group=a+group")
}
