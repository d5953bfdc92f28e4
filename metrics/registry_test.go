package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// series returns every series of one name as "label=value … number".
func series(t *testing.T, r *Registry, name string) []string {
	t.Helper()
	families, err := r.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			all = append(all, line(m))
		}
	}
	return all
}

func line(m *dto.Metric) string {
	var words []string
	for _, l := range m.GetLabel() {
		words = append(words, l.GetName()+"="+l.GetValue())
	}
	n := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	return strings.Join(append(words, fmt.Sprint(n)), " ")
}

func TestAPICounts(t *testing.T) {
	r := New("test")
	produce := r.API("Produce")
	produce.Served(100, 20, time.Millisecond)
	produce.Served(50, 30, time.Second)
	for _, code := range []int16{3, 3, 56, -1, 30000} {
		produce.Failed(code)
	}
	for name, want := range map[string]string{
		"weir_requests_total":       "api=Produce 2",
		"weir_request_bytes_total":  "api=Produce 150",
		"weir_response_bytes_total": "api=Produce 50",
		"weir_request_seconds":      "api=Produce 2",
		"weir_request_errors_total": "api=Produce code=-1 2; api=Produce code=3 2; api=Produce code=56 1",
		"weir_build_info":           "version=test 1",
	} {
		if got := strings.Join(series(t, r, name), "; "); got != want {
			t.Errorf("%s: got %s; want %s", name, got, want)
		}
	}
}

func TestRegistriesAreIndependent(t *testing.T) {
	a, b := New("a"), New("b")
	a.Connections("PLAINTEXT", 3)
	a.Refused("PLAINTEXT")
	if got := series(t, a, "weir_connections"); len(got) != 1 || got[0] != "listener=PLAINTEXT 3" {
		t.Errorf("got %v", got)
	}
	if got := series(t, b, "weir_connections"); len(got) != 0 {
		t.Errorf("the other registry has %v", got)
	}
}

func TestTopicsAreBounded(t *testing.T) {
	r := New("test")
	l := Logs{Bytes: 7, Partitions: 5, Segments: 9, Offline: 1}
	for i := range 1000 {
		l.Topics = append(l.Topics, TopicBytes{Topic: fmt.Sprintf("t%d", i), Bytes: int64(i)})
	}
	r.SetLogs(l)
	got := series(t, r, "weir_topic_bytes")
	if len(got) != maxTopics+1 {
		t.Fatalf("%d series; want %d", len(got), maxTopics+1)
	}
	text := strings.Join(got, "\n")
	if !strings.Contains(text, "topic=t999 999") || !strings.Contains(text, "topic=(other) 404550") {
		t.Errorf("got %s", text)
	}
	r.SetLogs(Logs{Topics: []TopicBytes{{Topic: "only", Bytes: 1}}})
	if got := series(t, r, "weir_topic_bytes"); len(got) != 1 || got[0] != "topic=only 1" {
		t.Errorf("after the others are gone: %v", got)
	}
	if got := series(t, r, "weir_log_partitions"); got[0] != "0" {
		t.Errorf("partitions %v", got)
	}
}
