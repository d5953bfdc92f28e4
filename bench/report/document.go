// Package report writes what package bench measured: as tables, JSON, CSV, and one self-contained HTML page with plots; and it
// shows a run on a terminal while it goes on.
package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"weir/bench"
)

// Document is what one command measured: one Report a workload.
type Document struct {
	// Command is the command line, as it can be typed again.
	Command string `json:"command,omitempty"`
	// Program is the name and version of the program that measured.
	Program string         `json:"program,omitempty"`
	Reports []bench.Report `json:"reports"`
}

// WriteJSON writes d; Read reads it back.
func (d *Document) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// WriteTable writes a table a workload.
func (d *Document) WriteTable(w io.Writer) error {
	for i := range d.Reports {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return fmt.Errorf("write table: %w", err)
			}
		}
		if err := d.Reports[i].Table(w); err != nil {
			return err
		}
	}
	return nil
}

// Read reads a Document, or a list of bench.Reports, or a single one; of several after one another it makes one Document.
func Read(r io.Reader) (*Document, error) {
	var all Document
	for dec := json.NewDecoder(r); ; {
		var raw json.RawMessage
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read report: %w", err)
		}
		d, err := parse(raw)
		if err != nil {
			return nil, fmt.Errorf("read report: %w", err)
		}
		if all.Command == "" {
			all.Command, all.Program = d.Command, d.Program
		}
		all.Reports = append(all.Reports, d.Reports...)
	}
	if len(all.Reports) == 0 {
		return nil, errors.New("read report: there is none in it")
	}
	return &all, nil
}

func parse(raw json.RawMessage) (d Document, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return d, json.Unmarshal(raw, &d.Reports)
	}
	var kind struct {
		Reports json.RawMessage `json:"reports"`
		Config  json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(raw, &kind); err != nil {
		return d, err
	}
	switch {
	case kind.Reports != nil:
		err = json.Unmarshal(raw, &d)
	case kind.Config != nil:
		d.Reports = make([]bench.Report, 1)
		err = json.Unmarshal(raw, &d.Reports[0])
	default:
		err = errors.New("it is no report of weir bench")
	}
	return d, err
}
