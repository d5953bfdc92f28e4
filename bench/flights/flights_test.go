package flights

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestJanuaryIsWhole(t *testing.T) {
	carriers := map[string]int{}
	rows, cancelled := 0, 0
	for d, err := range January() {
		if err != nil {
			t.Fatal(err)
		}
		rows++
		carriers[d.Carrier]++
		if d.Cancelled {
			cancelled++
		}
		if d.Scheduled.Before(time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)) ||
			d.Scheduled.After(time.Date(2013, 2, 1, 12, 0, 0, 0, time.UTC)) {
			t.Fatalf("row %d is scheduled at %s, not in January 2013", rows, d.Scheduled)
		}
	}
	if rows != JanuaryRows || len(carriers) != 16 || cancelled != 521 {
		t.Fatalf("got %d rows of %d carriers, %d cancelled; want %d of 16, 521 cancelled",
			rows, len(carriers), cancelled, JanuaryRows)
	}
}

func TestFileReadsPlainRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flights.csv")
	row := "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z"
	if err := os.WriteFile(path, []byte("header\n"+row+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for d, err := range File(path) {
		if err != nil {
			t.Fatal(err)
		}
		want := Departure{Carrier: "UA", DelayMinutes: 2, Line: row, Scheduled: time.Date(2013, 1, 1, 10, 15, 0, 0, time.UTC)}
		if d != want {
			t.Fatalf("got %+v; want %+v", d, want)
		}
	}
}

func TestParseRefusesShortRows(t *testing.T) {
	for _, line := range []string{"", "2013,1,1", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s"} {
		if _, err := Parse(line); err == nil {
			t.Errorf("Parse(%q) succeeded; want an error", line)
		}
	}
}
