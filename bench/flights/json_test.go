package flights

import (
	"encoding/json"
	"testing"
)

func TestEveryRowIsAnEvent(t *testing.T) {
	for d, err := range January() {
		if err != nil {
			t.Fatal(err)
		}
		var event map[string]any
		if err := json.Unmarshal(d.JSON(), &event); err != nil {
			t.Fatalf("%s: %v", d.JSON(), err)
		}
		if len(event) != columnCount || event["carrier"] != d.Carrier || event["year"] != 2013.0 {
			t.Fatalf("%s is not the event of %s", d.JSON(), d.Line)
		}
		if !d.Cancelled && event["dep_delay"] != float64(d.DelayMinutes) || d.Cancelled && event["dep_delay"] != nil {
			t.Fatalf("%s: delay %d, cancelled %v", d.JSON(), d.DelayMinutes, d.Cancelled)
		}
	}
}
