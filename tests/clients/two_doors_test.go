//go:build clients

package clients

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/tests/brokers"
)

// TestTwoDoors has a Java share consumer and a shell script with curl drain one queue together. Each record is done once: those that Java
// releases at first come again, to either.
func TestTwoDoors(t *testing.T) {
	t.Parallel()
	const records = 400
	b, door := weirWithDoor(t, map[string]string{"group.share.assignment.interval.ms": "0"})
	java := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == "java" })]
	q := &queueing{agent: java.agent(t, b.Addr), kind: java, broker: b, door: door, ref: newReference(t, b.Addr), shares: true}
	q.topic = q.ref.topic("two-doors", 2, nil)
	q.set("both")
	var values []record
	for i := range records {
		values = append(values, record{Partition: int32(i % 2), Value: fmt.Appendf(nil, "message %03d", i)})
	}
	q.do(request{Op: "produce", Topic: q.topic, Codec: "none", Records: values})

	script := exec.CommandContext(t.Context(), filepath.Join(brokers.MustRoot(t), "examples/drain.sh"), door, q.topic, "both")
	script.Stderr = os.Stderr
	out, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w := q.join("both", 3)
	defer w.end()
	held := w.take(shareWaitMs) // Java is the first to hold some, and has not done them when the script begins
	if err := brokers.StartChild(script); err != nil {
		t.Fatal(err)
	}
	lines, printed := bufio.NewScanner(out), make(chan []string)
	lines.Scan() // the script has done one: from here on both work
	first := lines.Text()
	go func() {
		all := []string{first}
		for lines.Scan() {
			all = append(all, lines.Text())
		}
		printed <- all
	}()
	done, mine, released := map[string]int{}, 0, 0
	for ; len(held) > 0; held = w.take(1500) {
		for i, r := range held {
			if i == 0 && r.Delivered == 1 {
				w.say("release", r)
				released++
				continue
			}
			w.say("accept", r)
			done[string(r.Value)]++
			mine++
		}
	}
	theirs := <-printed
	if err := script.Wait(); err != nil {
		t.Errorf("drain.sh: %v", err)
	}
	for _, line := range theirs {
		done[line]++
	}
	for _, r := range values {
		if done[string(r.Value)] != 1 {
			t.Errorf("%s was done %d times", r.Value, done[string(r.Value)])
		}
	}
	if len(done) != records || mine == 0 || released == 0 || len(theirs) < 2 {
		t.Errorf("of %d records Java did %d after it had released %d, the script %d: %s", records, mine, released, len(theirs), strings.Join(theirs[:min(3, len(theirs))], ", "))
	}
	t.Logf("Java did %d and released %d, the script did %d", mine, released, len(theirs))
	q.left(w, "both")
}
