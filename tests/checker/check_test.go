package checker

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// parse reads a history, one operation per line, each after the one before:
//
//	1 send ok k a@0        process 1 sent a to key k, stored at offset 0 (a@-1 or a: unknown where)
//	2 poll ok k a@0 b@1    process 2 polled a and b
//	2 assign               process 2 begins anew
//	1 commit ok g/k 5      group g commits 5 for k
//	1 committed ok g/k 5   group g's offset for k is 5
//	1 send ok k a@0 T1     in transaction T1; "T1<x": made of x
//	2 poll ok k a@0 T2     in transaction T2
//	1 end ok T1            T1 was committed; fail: aborted
//
// An operation that begins with + runs at the same time as the one before it.
func parse(t *testing.T, text string) *History {
	t.Helper()
	h := &History{}
	now := int64(0)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		concurrent := strings.HasPrefix(line, "+")
		if !concurrent {
			now += 10
		}
		op := parseOp(t, strings.Fields(strings.TrimPrefix(line, "+")))
		op.Began, op.Ended = now, now+5
		h.Add(op)
	}
	return h
}

func parseOp(t *testing.T, f []string) Op {
	t.Helper()
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	op := Op{Process: int(number(f[0])), Offset: -1}
	op.Kind = map[string]Kind{"send": Send, "poll": Poll, "assign": Assign, "commit": Commit, "committed": Committed, "end": End}[f[1]]
	if op.Kind == Assign {
		return op
	}
	op.Outcome = map[string]Outcome{"ok": OK, "fail": Failed, "info": Unknown}[f[2]]
	if op.Kind == End {
		op.Txn = f[3]
		return op
	}
	op.Key = f[3]
	for _, arg := range f[4:] {
		if strings.HasPrefix(arg, "T") {
			op.Txn, op.From, _ = strings.Cut(arg, "<")
			continue
		}
		value, offset, known := strings.Cut(arg, "@")
		switch op.Kind {
		case Send:
			op.Value = value
			if known {
				op.Offset = number(offset)
			}
		case Poll:
			op.Records = append(op.Records, Record{op.Key, number(offset), value})
		case Commit, Committed:
			op.Group, op.Key, _ = strings.Cut(op.Key, "/")
			op.Offset = number(arg)
		}
	}
	return op
}

// cases are histories with the anomalies they have, in "name" or "name=count" words.
var cases = []struct{ name, history, want string }{
	{"nothing", "", ""},
	{"sent and read", "1 send ok k a@0\n2 poll ok k a@0", ""},
	{"read before it was acknowledged", "2 poll ok k a@0\n1 send ok k a@0", ""},
	{"an unknown send was done", "1 send info k a\n2 poll ok k a@0", ""},
	{"an unknown send was not done", "1 send info k a\n1 send ok k b@0\n2 poll ok k b@0", ""},
	{"gaps are no records", "1 send ok k a@0\n1 send ok k b@5\n2 poll ok k a@0 b@5", ""},
	{"two keys do not mix", "1 send ok k a@0\n1 send ok l b@0\n2 poll ok k a@0\n2 poll ok l b@0", ""},

	{"two values at an offset, by polls", "1 poll ok k a@0\n2 poll ok k b@0", "inconsistent-offsets"},
	{"two values at an offset, by sends", "1 send ok k a@0\n2 send ok k b@0\n3 poll ok k a@0\n3 assign\n3 poll ok k b@0",
		"inconsistent-offsets"},
	{"the read value is not the acknowledged one", "1 send ok k a@0\n2 poll ok k x@0",
		"inconsistent-offsets unseen lost-write"},
	{"also a poll that failed must not see it", "1 send ok k a@0\n2 poll info k x@0\n2 poll ok k a@0",
		"inconsistent-offsets"},
	{"the same value at the same offset in two keys", "1 poll ok k a@0\n2 poll ok l a@0", ""},

	{"a value at two offsets", "1 send ok k a@0\n2 poll ok k a@0 a@1", "duplicate"},
	{"a value at two offsets, seen by two", "1 poll ok k a@0 b@1\n2 poll ok k b@1 a@2", "duplicate"},
	{"a retry that was stored twice", "1 send ok k a@1\n2 poll ok k a@0 a@1", "duplicate"},
	{"read twice by two is no duplicate", "1 send ok k a@0\n2 poll ok k a@0\n3 poll ok k a@0", ""},

	{"lost: what came later was read", "1 send ok k a@0\n1 send ok k b@1\n2 poll ok k b@1", "lost-write unseen"},
	{"lost in the middle", "1 send ok k a@0\n1 send ok k b@1\n1 send ok k c@2\n2 poll ok k a@0\n2 assign\n2 poll ok k c@2",
		"lost-write unseen"},
	{"three are lost", "1 send ok k a@0\n1 send ok k b@1\n1 send ok k c@2\n1 send ok k d@3\n2 poll ok k d@3",
		"lost-write=3 unseen=3"},
	{"not yet read is not lost", "1 send ok k a@0\n1 send ok k b@1\n2 poll ok k a@0", "unseen"},
	{"unknown sends are not lost", "1 send info k a\n1 send ok k b@1\n2 poll ok k b@1", ""},
	{"failed sends are not lost", "1 send fail k a\n1 send ok k b@0\n2 poll ok k b@0", ""},
	{"nothing was read at all", "1 send ok k a@0", "unseen"},
	{"acknowledged without an offset and never read", "1 send ok k a", "unseen"},
	{"acknowledged without an offset and read", "1 send ok k a\n2 poll ok k a@7", ""},

	{"a failed send was read", "1 send fail k a\n2 poll ok k a@0", "aborted-read"},
	{"a failed send was not read", "1 send fail k a\n2 poll ok k b@0", ""},

	{"a poll skips within itself", "1 send ok k a@0\n1 send ok k b@1\n1 send ok k c@2\n2 poll ok k a@0 c@2\n3 poll ok k b@1",
		"poll-skip"},
	{"polls skip", "1 poll ok k a@0\n1 poll ok k c@2\n2 poll ok k b@1", "poll-skip"},
	{"a skip over an offset without a record", "1 poll ok k a@0\n1 poll ok k c@2", ""},
	{"a skip after an assign is none", "1 poll ok k a@0\n1 assign\n1 poll ok k c@2\n2 poll ok k b@1", ""},
	{"a poll goes back", "1 poll ok k a@0 b@1\n1 poll ok k a@0", "nonmonotonic-poll"},
	{"a poll repeats", "1 poll ok k a@0\n1 poll ok k a@0", "nonmonotonic-poll"},
	{"back after an assign is allowed", "1 poll ok k a@0 b@1\n1 assign\n1 poll ok k a@0 b@1", ""},
	{"two processes have orders of their own", "1 poll ok k a@0 b@1\n2 poll ok k a@0\n1 poll ok k c@2\n2 poll ok k b@1", ""},

	{"sends go back", "1 send ok k a@1\n1 send ok k b@0\n2 poll ok k b@0 a@1", "nonmonotonic-send"},
	{"sends of two processes may", "1 send ok k a@1\n2 send ok k b@0\n3 poll ok k b@0 a@1", ""},
	{"sends to two keys may", "1 send ok k a@1\n1 send ok l b@0\n3 poll ok k a@1\n3 poll ok l b@0", ""},

	{"a commit is there", "1 commit ok g/k 5\n1 committed ok g/k 5", ""},
	{"a commit went back", "1 commit ok g/k 5\n1 commit ok g/k 9\n1 committed ok g/k 5", "commit-went-back"},
	{"a commit is gone", "1 commit ok g/k 5\n1 committed ok g/k -1", "commit-went-back"},
	{"an unknown commit may be there", "1 commit ok g/k 5\n1 commit info g/k 9\n1 committed ok g/k 9", ""},
	{"an unknown commit may be missing", "1 commit ok g/k 5\n1 commit info g/k 9\n1 committed ok g/k 5", ""},
	{"asked while it is committed", "1 commit ok g/k 5\n1 commit ok g/k 9\n+2 committed ok g/k 5", ""},
	{"of another group or key", "1 commit ok g/k 5\n1 committed ok h/k -1\n1 committed ok g/l -1", ""},
	{"nobody committed that", "1 commit ok g/k 5\n1 committed ok g/k 7", "unknown-commit"},
	{"a failed commit must not be there", "1 commit ok g/k 5\n1 commit fail g/k 7\n1 committed ok g/k 7", "unknown-commit"},
	{"it was there before it was committed", "1 committed ok g/k 5\n1 commit ok g/k 5", "unknown-commit"},
	{"none yet", "1 committed ok g/k -1\n1 commit ok g/k 5", ""},

	{"a committed transaction", "1 send ok k a@0 T1\n1 send ok l b@0 T1\n1 end ok T1\n2 poll ok k a@0\n2 poll ok l b@0", ""},
	{"an aborted transaction is not read", "1 send ok k a@0 T1\n1 end fail T1\n1 send ok k b@2\n2 poll ok k b@2", ""},
	{"an aborted transaction is read", "1 send ok k a@0 T1\n1 end fail T1\n2 poll ok k a@0", "aborted-read"},
	{"one that never ended is read", "1 send ok k a@0 T1\n2 poll ok k a@0", "aborted-read"},
	{"an unknown end was none", "1 send ok k a@0 T1\n1 end info T1\n1 send ok k b@2\n2 poll ok k b@2", ""},
	{"an unknown end was a commit", "1 send ok k a@0 T1\n1 send ok l b@0 T1\n1 end info T1\n2 poll ok k a@0\n2 poll ok l b@0", ""},
	{"an unknown end, torn", "1 send ok k a@0 T1\n1 send ok l b@0 T1\n1 end info T1\n1 send ok l c@2\n2 poll ok k a@0\n2 poll ok l c@2",
		"lost-write unseen"},
	{"a committed transaction, torn", "1 send ok k a@0 T1\n1 send ok l b@0 T1\n1 end ok T1\n2 poll ok k a@0", "unseen"},
	{"two commits do not repeat", "1 send ok k a@0 T1\n1 end ok T1\n1 send ok k b@2 T2\n1 end ok T2\n2 poll ok k a@0 b@2", ""},

	{"a transaction polls its own", "1 send ok k a@0 T1\n1 poll ok k a@0 T1\n1 end ok T1", "precommitted-read"},
	{"a transaction polls its own of before", "1 send ok k a@0 T1\n1 end ok T1\n1 poll ok k a@0 T2\n1 end ok T2", ""},
	{"two poll each other", "1 send ok k a@0 T1\n2 send ok l b@0 T2\n1 poll ok l b@0 T1\n2 poll ok k a@0 T2\n1 end ok T1\n2 end ok T2",
		"g1c"},
	{"three in a circle", "1 send ok k a@0 T1\n2 send ok l b@0 T2\n3 send ok m c@0 T3\n1 poll ok l b@0 T1\n2 poll ok m c@0 T2\n3 poll ok k a@0 T3\n" +
		"1 end ok T1\n2 end ok T2\n3 end ok T3", "g1c"},
	{"three in a row", "1 send ok k a@0 T1\n1 end ok T1\n2 poll ok k a@0 T2\n2 send ok l b@0 T2\n2 end ok T2\n3 poll ok l b@0 T3\n3 end ok T3", ""},

	{"processed once", "1 send ok k a@0\n2 poll ok k a@0 T1\n2 send ok l b@0 T1<a\n2 end ok T1\n3 poll ok l b@0", ""},
	{"processed again after an abort", "2 send ok l b@0 T1<a\n2 end fail T1\n2 send ok l c@2 T2<a\n2 end ok T2\n3 poll ok l c@2", ""},
	{"processed again after an end that was none", "2 send ok l b@0 T1<a\n2 end info T1\n2 send ok l c@2 T2<a\n2 end ok T2\n3 poll ok l c@2", ""},
	{"processed twice", "2 send ok l b@0 T1<a\n2 end ok T1\n2 send ok l c@2 T2<a\n2 end ok T2\n3 poll ok l b@0 c@2", "processed-twice"},
	{"processed twice, one end unknown", "2 send ok l b@0 T1<a\n2 end info T1\n2 send ok l c@2 T2<a\n2 end ok T2\n3 poll ok l b@0 c@2",
		"processed-twice"},
}

func TestCheck(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := map[string]int{}
			for _, w := range strings.Fields(c.want) {
				name, count, counted := strings.Cut(w, "=")
				want[name] = 1
				if counted {
					want[name], _ = strconv.Atoi(count)
				}
			}
			got := Check(parse(t, c.history))
			if fmt.Sprint(got.Counts) != fmt.Sprint(want) {
				t.Errorf("found %v instead of %v in\n%s\n%v", got.Counts, want, c.history, got)
			}
			if got.OK() != (len(want) == 0) {
				t.Errorf("OK is %v", got.OK())
			}
		})
	}
}

// TestProcessed finds records of which nothing was made.
func TestProcessed(t *testing.T) {
	h := parse(t, `1 send ok k a@0
1 send ok k b@1
2 poll ok k a@0 b@1
2 send ok l x@0 T1<a
2 end ok T1
3 poll ok l x@0`)
	r := Check(h)
	r.Processed(h, func(rec Record) string {
		if rec.Key != "k" {
			return ""
		}
		return rec.Value
	})
	if fmt.Sprint(r.Counts) != "map[never-processed:1]" {
		t.Errorf("found %v", r)
	}
}

func TestReportSaysWhatItFound(t *testing.T) {
	r := Check(parse(t, "1 send ok k a@0\n1 send ok k b@1\n2 poll ok k b@1"))
	text := r.String()
	for _, want := range []string{"3 operations, 2 records acknowledged, 1 read", "lost-write: 1",
		`k: "a" was acknowledged at offset 0 and not read; what was read goes to offset 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	if r.OK(LostWrite) || !r.OK(LostWrite, Unseen) {
		t.Error("what is allowed does not count")
	}
}

// TestLargeHistory: a history of this size is judged in a second or two.
func TestLargeHistory(t *testing.T) {
	records := 400_000
	if testing.Short() {
		records = 50_000
	}
	h := &History{}
	var batch []Record
	for i := range records {
		key, value := fmt.Sprint("k", i%8), strconv.Itoa(i)
		h.Add(Op{Process: i % 8, Kind: Send, Key: key, Value: value, Offset: int64(i / 8)})
		batch = append(batch, Record{key, int64(i / 8), value})
		if len(batch) == 500 {
			h.Add(Op{Process: 100, Kind: Poll, Records: batch})
			batch = nil
		}
	}
	if r := Check(h); !r.OK() || r.Acked != records || r.Read != records {
		t.Errorf("%v", r)
	}
}
