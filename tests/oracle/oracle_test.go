package oracle

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestOracle asks both brokers everything and compares.
func TestOracle(t *testing.T) {
	kafka := findKafka(t)
	subject := findSubject(t)
	for _, b := range []endpoint{kafka, subject} {
		warmUp(t, b)
	}
	newest := newestVersions(t, kafka)
	if newest[18] < apis[18].max {
		t.Fatalf("this Apache Kafka is older than 4.4: it serves ApiVersions up to v%d only", newest[18])
	}
	run := strconv.FormatInt(time.Now().Unix()%46656, 36)
	ledger := newLedger(differences)
	if os.Getenv("ORACLE_SUBJECT") != "" {
		ledger = newLedger(twins)
	}
	only := os.Getenv("ORACLE_ONLY") // a part of "key/name" to look at alone
	for _, sc := range scenarios() {
		id := fmt.Sprintf("%d/%s", sc.key, sc.name)
		if only != "" && !strings.Contains(id, only) {
			continue
		}
		t.Run(id, func(t *testing.T) {
			for v := sc.min; v <= sc.max; v++ {
				compare(t, sc, v, run, kafka, subject, ledger)
			}
		})
	}
	if only == "" {
		for _, d := range ledger.unused() {
			t.Errorf("no longer differs, take it off the list: scenario %q step %q path %q (%s)",
				d.scenario, d.step, d.path, d.why)
		}
	}
	t.Logf("%d scenario runs, %d answers, %d fields compared, %d known differences seen",
		ledger.runs, ledger.steps, ledger.fields, ledger.known)
}

// compare runs one scenario at one version against both and reports what differs without being on the list.
func compare(t *testing.T, sc scenario, v int16, run string, kafka, subject endpoint, l *ledger) {
	t.Helper()
	var steps [2][]step
	var errs [2]error
	var wg sync.WaitGroup
	for i, b := range []endpoint{kafka, subject} {
		wg.Go(func() { steps[i], errs[i] = hold(sc, v, run, b) })
	}
	wg.Wait()
	l.runs++
	dump(t, sc, v, steps[0])
	for i, b := range []endpoint{kafka, subject} {
		if errs[i] != nil {
			t.Errorf("v%d: %s: %v", v, b.name, errs[i])
		}
	}
	for i := range min(len(steps[0]), len(steps[1])) {
		want, got := steps[0][i], steps[1][i]
		if want.label != got.label {
			t.Errorf("v%d: step %d is %q at kafka, %q at the subject", v, i, want.label, got.label)
			return
		}
		l.steps++
		for _, d := range differing(want.lines, got.lines) {
			if l.knows(sc, v, want.label, d) {
				continue
			}
			t.Errorf("v%d %s: %s\n\tkafka: %s\n\tweir:  %s", v, want.label, d.path, d.want, d.got)
		}
		l.fields += len(want.lines)
	}
	if errs[0] == nil && errs[1] == nil && len(steps[0]) != len(steps[1]) {
		t.Errorf("v%d: %d steps at kafka, %d at the subject", v, len(steps[0]), len(steps[1]))
	}
}

// dump writes what Kafka answered into the file that ORACLE_DUMP names, for reading.
func dump(t *testing.T, sc scenario, v int16, steps []step) {
	t.Helper()
	name := os.Getenv("ORACLE_DUMP")
	if name == "" {
		return
	}
	var out strings.Builder
	for _, st := range steps {
		fmt.Fprintf(&out, "== %d/%s v%d: %s\n", sc.key, sc.name, v, st.label)
		for _, path := range slices.Sorted(maps.Keys(st.lines)) {
			fmt.Fprintf(&out, "   %s = %s\n", path, st.lines[path])
		}
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(out.String()); err != nil {
		t.Fatal(err)
	}
}

// delta is one path whose values differ; "-" stands for a path that is not there.
type delta struct{ path, want, got string }

func differing(want, got map[string]string) []delta {
	paths := make(map[string]bool, len(want)+len(got))
	for p := range want {
		paths[p] = true
	}
	for p := range got {
		paths[p] = true
	}
	var out []delta
	for p := range paths {
		w, inWant := want[p]
		g, inGot := got[p]
		if !inWant {
			w = "-"
		}
		if !inGot {
			g = "-"
		}
		if w != g {
			out = append(out, delta{p, w, g})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].path < out[j].path })
	return out
}

// warmUp makes the internal topics, whose creation would otherwise fall into some scenario.
func warmUp(t *testing.T, b endpoint) {
	t.Helper()
	s := &session{broker: b, prefix: namePrefix, limit: answerLimit, normal: &normal{ids: map[[16]byte]string{}}}
	s.initialise(&producer{id: s.name("warm-up")})
	s.hangUp()
	for range 500 {
		w, err := dial(b.addr())
		if err != nil {
			t.Fatalf("%s: %v", b.name, err)
		}
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorKey = namePrefix + "warm-up"
		resp, err := w.ask(req, answerLimit)
		if err == nil && resp.(*kmsg.FindCoordinatorResponse).ErrorCode == 0 {
			fetch := kmsg.NewPtrOffsetFetchRequest()
			fetch.Version, fetch.Group = 5, req.CoordinatorKey
			resp, err = w.ask(fetch, answerLimit)
			if err == nil && resp.(*kmsg.OffsetFetchResponse).ErrorCode == 0 {
				w.conn.Close()
				return
			}
		}
		w.conn.Close()
		pause()
	}
	t.Fatalf("%s has no group coordinator", b.name)
}

// newestVersions asks the Apache Kafka what it serves.
func newestVersions(t *testing.T, b endpoint) map[int16]int16 {
	t.Helper()
	w, err := dial(b.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer w.conn.Close()
	resp, err := w.ask(apiVersionsRequest(3), answerLimit)
	if err != nil {
		t.Fatal(err)
	}
	newest := map[int16]int16{}
	for _, k := range resp.(*kmsg.ApiVersionsResponse).ApiKeys {
		newest[k.ApiKey] = k.MaxVersion
	}
	return newest
}

// scenarios is everything that is asked, ordered by key.
func scenarios() []scenario {
	all := slices.Concat(frameScenarios(), topicScenarios(), metadataScenarios(), configScenarios(),
		dataScenarios(), produceScenarios(), offsetScenarios(), groupScenarios(), consumerGroupScenarios(),
		consumerAdminScenarios(), streamsGroupScenarios(), aclScenarios(),
		mixedScenarios(), adminScenarios(), transactionScenarios(), featureScenarios(),
		shareGroupScenarios(), shareOffsetScenarios(), shareFetchScenarios())
	for i, sc := range all {
		if sc.max == 0 && sc.min == 0 {
			all[i].min, all[i].max = apis[sc.key].min, apis[sc.key].max
		}
		if all[i].min > all[i].max {
			panic(fmt.Sprintf("scenario %d/%s runs at no version", sc.key, sc.name))
		}
	}
	slices.SortStableFunc(all, func(a, b scenario) int { return int(a.key) - int(b.key) })
	return all
}

func reflectOf(resp kmsg.Response) reflect.Value { return reflect.ValueOf(resp) }
