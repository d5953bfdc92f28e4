package groups

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestShareTasks has members come and go, and topologies grow. Every task is active once, nobody has more than one task
// more than its part, and copies are as many as processes allow and never beside the
// active task.
func TestShareTasks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStreams()
		l := &layout{tasks: map[string]int32{}, stateful: map[string]bool{"0": true}}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			l.tasks["0"] = rapid.Int32Range(1, 12).Draw(t, "stateful")
			l.tasks["1"] = rapid.Int32Range(0, 6).Draw(t, "stateless")
			for i := range 6 {
				id := fmt.Sprint("m", i)
				switch rapid.IntRange(0, 2).Draw(t, id) {
				case 0:
					s.members.put(id, &streamsMember{id: id, processID: fmt.Sprint("p", i/2)})
				case 1:
					s.members.drop(id)
					s.target.drop(id)
				}
			}
			if s.members.len() == 0 {
				continue
			}
			standbys := rapid.Int32Range(0, 2).Draw(t, "standbys")
			shares := s.shareTasks(l, standbys)
			checkShares(t, s, l, standbys, shares)
			for id, share := range shares {
				s.target.put(id, share)
			}
		}
	})
}

func checkShares(t *rapid.T, s *streams, l *layout, standbys int32, shares map[string]taskSet) {
	processes, active, copies := map[string]bool{}, map[task]string{}, map[task]map[string]bool{}
	most, total := 0, int(l.tasks["0"]+l.tasks["1"])
	for id, m := range s.members.all() {
		processes[m.processID] = true
		most = max(most, len(shares[id].active))
		for _, one := range shares[id].active {
			if active[one] != "" {
				t.Fatalf("task %v is active twice", one)
			}
			active[one] = m.processID
		}
	}
	if len(active) != total || most > total/s.members.len()+1 {
		t.Fatalf("%d of %d tasks are active, up to %d with a member", len(active), total, most)
	}
	for id, m := range s.members.all() {
		for _, one := range shares[id].standby {
			if copies[one] == nil {
				copies[one] = map[string]bool{active[one]: true}
			}
			if copies[one][m.processID] || !l.stateful[one.sub] {
				t.Fatalf("process %s has task %v twice, or without need", m.processID, one)
			}
			copies[one][m.processID] = true
		}
	}
	for one := range active {
		if want := min(int(standbys), len(processes)-1); l.stateful[one.sub] && max(len(copies[one])-1, 0) != want {
			t.Fatalf("task %v has %d copies, not %d", one, len(copies[one])-1, want)
		}
	}
}
