//go:build clients

package clients

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// event is a line of a group member's diary.
type event struct {
	member    string
	kind      string // own and lose a partition, got a record, commit (acknowledged)
	partition int32
	offset    int64
	at        int64 // ns since 1970; all members run on one machine
}

// readDiary reads what a member wrote down. Of one that was killed the last line may be half there.
func readDiary(t *testing.T, member, file string) []event {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []event
	for lines := bufio.NewScanner(f); lines.Scan(); {
		e := event{member: member}
		if n, err := fmt.Sscanf(lines.Text(), "%s %d %d %d", &e.kind, &e.partition, &e.offset, &e.at); err != nil {
			t.Logf("%s: a line with %d words: %q", member, n, lines.Text())
			continue
		}
		all = append(all, e)
	}
	return all
}

// judged is what a group did with the records of a topic.
type judged struct {
	lost        []string // records that no member ever got
	repeated    []string // records that came again although their commit was acknowledged before, or without a rebalance
	uncommitted int      // records that came again because nobody had committed them
}

// judge holds the diaries of a group against the number of records that each partition has. A record that comes again is
// excused only if no commit that covers it was acknowledged before the member that got it again came to own the partition.
func judge(events []event, written map[int32]int64) judged {
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	type ownership struct {
		since     int64
		committed int64 // the highest offset whose commit was acknowledged before that
		next      int64 // no record below it may come within the same ownership
	}
	owned := map[string]*ownership{} // by member and partition
	committed := map[int32]int64{}
	got := map[int32]map[int64]int{}
	var j judged
	for _, e := range events {
		key := fmt.Sprint(e.member, "/", e.partition)
		switch e.kind {
		case "own":
			owned[key] = &ownership{since: e.at, committed: committed[e.partition]}
		case "lose":
			delete(owned, key)
		case "commit":
			committed[e.partition] = max(committed[e.partition], e.offset)
		case "got":
			if got[e.partition] == nil {
				got[e.partition] = map[int64]int{}
			}
			o := owned[key]
			record := fmt.Sprintf("%d@%d to %s", e.partition, e.offset, e.member)
			switch again := got[e.partition][e.offset] > 0; {
			case o == nil:
				j.repeated = append(j.repeated, record+", which does not own the partition")
			case e.offset < o.next:
				j.repeated = append(j.repeated, record+" without a rebalance")
			case again && e.offset < o.committed:
				j.repeated = append(j.repeated, fmt.Sprintf("%s although %d was committed", record, o.committed))
			case again:
				j.uncommitted++
			}
			if o != nil {
				o.next = e.offset + 1
			}
			got[e.partition][e.offset]++
		}
	}
	for p, n := range written {
		for o := range n {
			if got[p][o] == 0 {
				j.lost = append(j.lost, fmt.Sprintf("%d@%d", p, o))
			}
		}
	}
	slices.Sort(j.lost)
	return j
}

// TestJudge holds what the migration's judge must and must not object to.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, diary     string
		lost, repeated  int
		uncommittedToo  int
		writtenByOffset int64
	}{
		{"in order", "a own 0 -1; a got 0 0; a got 0 1; a commit 0 2", 0, 0, 0, 2},
		{"handed over", "a own 0 -1; a got 0 0; a commit 0 1; a lose 0 -1; b own 0 -1; b got 0 1; b commit 0 2", 0, 0, 0, 2},
		{"uncommitted comes again", "a own 0 -1; a got 0 0; a got 0 1; a commit 0 1; b own 0 -1; b got 0 1", 0, 0, 1, 2},
		{"committed comes again", "a own 0 -1; a got 0 0; a commit 0 1; a lose 0 -1; b own 0 -1; b got 0 0; b got 0 1", 0, 1, 0, 2},
		{"skipped", "a own 0 -1; a got 0 0; a got 0 2", 1, 0, 0, 3},
		{"never read", "a own 0 -1", 2, 0, 0, 2},
		{"back without a rebalance", "a own 0 -1; a got 0 0; a got 0 1; a got 0 0", 0, 1, 0, 2},
		{"not its own", "a own 0 -1; a lose 0 -1; a got 0 0", 0, 1, 0, 1},
	} {
		var events []event
		for i, line := range strings.Split(c.diary, "; ") {
			e := event{at: int64(i)}
			if _, err := fmt.Sscanf(line, "%s %s %d %d", &e.member, &e.kind, &e.partition, &e.offset); err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		j := judge(events, map[int32]int64{0: c.writtenByOffset})
		if len(j.lost) != c.lost || len(j.repeated) != c.repeated || j.uncommitted != c.uncommittedToo {
			t.Errorf("%s: judged %+v", c.name, j)
		}
	}
}
