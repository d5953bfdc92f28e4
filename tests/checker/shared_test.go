package checker

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parseShared reads a history of one share group, a line for what happened to a record. Times are in ms.
//
//	record 0 k              record 0 of key k was written at 0; also: before=, expires=, unwanted
//	take 0 10-20            record 0 was asked for at 10 and came at 20, as delivery 1; count= for others
//	  accept ok 30-40       and what the member said of it; release, reject; fail, info; wait=, until=, gone= of the delivery
//	letter 0 reject 1 50    a dead letter of record 0, for its delivery 1, was written at 50; limit, time
//	lost 0-10               a take of which nothing is known
//	kill 100                the broker was gone
func parseShared(t *testing.T, text string) *Shared {
	t.Helper()
	s := &Shared{Records: map[Place]*Job{}, Limit: 3, Lock: 1000 * ms}
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	span := func(text string) (from, to int64) {
		a, b, _ := strings.Cut(text, "-")
		return number(a) * ms, number(b) * ms
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		options := map[string]int64{}
		f = slices.DeleteFunc(f, func(word string) bool {
			name, value, is := strings.Cut(word, "=")
			if is {
				options[name] = number(value) * ms
			}
			return is
		})
		switch f[0] {
		case "key-order":
			s.ByKey = true
		case "record":
			j := &Job{NotBefore: options["before"], Expires: options["expires"], Unwanted: f[len(f)-1] == "unwanted"}
			if len(f) > 2 {
				j.Key = f[2]
			}
			s.Records[Place{0, number(f[1])}] = j
		case "take":
			d := &Delivery{Place: Place{0, number(f[1])}, Count: 1, Until: options["until"], Gone: options["gone"]}
			if n := options["count"]; n > 0 {
				d.Count = int(n / ms)
			}
			d.Began, d.Arrived = span(f[2])
			s.Deliveries = append(s.Deliveries, d)
		case "accept", "release", "reject":
			d := s.Deliveries[len(s.Deliveries)-1]
			d.Verdict = map[string]Verdict{"accept": Accepted, "release": Released, "reject": Rejected}[f[0]]
			d.Outcome = map[string]Outcome{"ok": OK, "fail": Failed, "info": Unknown}[f[1]]
			d.Wait = options["wait"]
			d.Asked, d.Ended = span(f[2])
		case "letter":
			s.Letters = append(s.Letters, Letter{Place{0, number(f[1])}, int(number(f[3])),
				map[string]Cause{"reject": ByReject, "limit": ByLimit, "time": ByTime}[f[2]], number(f[4]) * ms})
		case "lost":
			var l Take
			l.Began, l.Ended = span(f[1])
			s.Takes = append(s.Takes, l)
		case "kill":
			s.Kills = append(s.Kills, number(f[1])*ms)
		default:
			t.Fatalf("line %q", line)
		}
	}
	return s
}

// TestCheckShared: sound histories pass, and each anomaly is found where it is.
func TestCheckShared(t *testing.T) {
	for name, c := range map[string]struct {
		want string // anomalies, sorted, with spaces between
		text string
	}{
		"accepted":                       {"", "record 0\n take 0 10-20\n accept ok 30-40"},
		"rejected":                       {"", "record 0\n take 0 10-20\n reject ok 30-40\n letter 0 reject 1 35"},
		"released, then accepted":        {"", "record 0\n take 0 10-20\n release ok 30-40\n take 0 50-60 count=2\n accept ok 70-80"},
		"answer lost, accepted":          {"", "record 0\n take 0 10-20\n accept info 30-40"},
		"answer lost, not accepted":      {"", "record 0\n take 0 10-20\n accept info 30-40\n kill 50\n take 0 60-70\n accept ok 80-90"},
		"lock ended":                     {"", "record 0\n take 0 10-20\n take 0 1500-1600 count=2\n accept ok 1600-1610"},
		"connection cut":                 {"", "record 0\n take 0 10-20 gone=30\n take 0 25-40 count=2\n accept ok 50-60"},
		"came late out of an older life": {"", "record 0\n take 0 10-20\n take 0 10-90\n accept ok 92-95\n kill 30\n take 0 40-50\n accept ok 60-70"},
		"accepted late, as no-op": {"", "record 0\n take 0 10-20\n accept ok 1500-1520\n take 0 1020-1050 count=2\n accept ok " +
			"1060-1070"},
		"limit":           {"", "record 0\n take 0 10-20\n release ok 21-22\n take 0 30-40 count=2\n release ok 41-42\n take 0 50-60 count=3\n letter 0 limit 3 1100"},
		"expired":         {"", "record 0 expires=100\n take 0 10-20\n release ok 30-40\n letter 0 time 1 120"},
		"unwanted":        {"", "record 0 unwanted"},
		"key order":       {"", "key-order\nrecord 0 k\nrecord 1 k\ntake 0 10-20\naccept ok 30-40\ntake 1 25-35\naccept ok 40-50"},
		"delayed":         {"", "record 0 before=100\n take 0 10-100\n accept ok 110-120"},
		"never delivered": {NeverSettled, "record 0"},
		"never accepted":  {NeverSettled, "record 0\n take 0 10-20\n release ok 30-40"},
		"accept refuted":  {NeverSettled, "record 0\n take 0 10-20\n accept info 30-40\n take 0 1500-1600 count=2\n release ok 1610-1620"},
		"came again":      {CameAgain, "record 0\n take 0 10-20\n accept ok 30-40\n kill 45\n take 0 50-60\n"},
		"came again after it was rejected": {CameAgain, "record 0\n take 0 10-20\n reject ok 30-40\n letter 0 reject 1 35\n take 0 38-60 " +
			"count=2"},
		"accepted and dead":         {SettledTwice, "record 0\n take 0 10-20\n accept ok 30-40\n letter 0 limit 3 50"},
		"two letters":               {LetterTwice, "record 0\n take 0 10-20\n reject ok 30-40\n letter 0 reject 1 35\n letter 0 reject 1 36"},
		"letter lost":               {LetterMissing, "record 0\n take 0 10-20\n reject ok 30-40"},
		"letter without a reject":   {LetterWrong, "record 0\n take 0 10-20\n release ok 30-40\n letter 0 reject 1 50"},
		"letter before the limit":   {LetterWrong, "record 0\n take 0 10-20\n release ok 30-40\n letter 0 limit 2 50"},
		"limit that nobody met":     {LetterWrong, "record 0\n take 0 10-20\n release ok 30-40\n letter 0 limit 3 50"},
		"expired before its time":   {LetterWrong, "record 0 expires=100\n letter 0 time 0 90"},
		"letter of what has no end": {LetterWrong, "record 0\n letter 0 time 0 90"},
		"held by two":               {HeldByTwo, "record 0\n take 0 10-20\n take 0 500-600 count=2\n accept ok 610-620"},
		"held for longer, by two":   {HeldByTwo, "record 0\n take 0 10-20 until=3000\n take 0 2500-2600 count=2\n accept ok 2610-2620"},
		"lock lost":                 {LockLost, "record 0\n take 0 10-20 until=3000\n accept fail 1500-1510\n take 0 3500-3600 count=2\n accept ok 3610-3620"},
		"release not counted":       {CountWentBack, "record 0\n take 0 10-20\n release ok 30-40\n kill 50\n take 0 60-70\n accept ok 80-90"},
		"count lost":                {CountWentBack, "record 0\n lost 0-5\n take 0 10-20 count=2\n kill 30\n take 0 60-70\n accept ok 80-90"},
		"count out of nowhere":      {CountTooHigh, "record 0\n take 0 10-20 count=2\n accept ok 80-90"},
		"beyond the limit": {CountTooHigh, "record 0\n lost 0-1\n lost 0-1\n lost 0-1\n take 0 10-20 count=4\n accept ok " +
			"80-90"},
		"too early":            {TooEarly, "record 0 before=100\n take 0 10-99\n accept ok 110-120"},
		"released, too early":  {TooEarly, "record 0\n take 0 10-20\n release ok 30-40 wait=500\n kill 50\n take 0 60-70 count=2\n accept ok 80-90"},
		"outlived":             {Outlived, "record 0 expires=100\n take 0 100-110\n accept ok 120-130"},
		"unwanted, delivered":  {NotWanted, "record 0 unwanted\n take 0 100-110\n accept ok 120-130"},
		"unwanted, dead":       {NotWanted, "record 0 unwanted\n letter 0 reject 1 5"},
		"not in the topic":     {NotWanted, "take 0 100-110\n accept ok 120-130"},
		"key order, first":     {OutOfOrder, "key-order\nrecord 0 k\nrecord 1 k\ntake 1 25-35\naccept ok 40-50\ntake 0 36-37\naccept ok 41-42"},
		"key order, after all": {OutOfOrder, "key-order\nrecord 0 k\nrecord 1 k\ntake 0 10-20\naccept info 21-22\ntake 1 25-35\naccept ok 40-50\nkill 60\ntake 0 70-80\naccept ok 90-95"},
	} {
		t.Run(name, func(t *testing.T) {
			r := CheckShared(parseShared(t, c.text))
			var got []string
			for anomaly := range r.Counts {
				got = append(got, anomaly)
			}
			slices.Sort(got)
			if have := strings.Join(got, " "); have != c.want {
				t.Errorf("found %q, want %q:\n%v", have, c.want, r)
			}
		})
	}
}
