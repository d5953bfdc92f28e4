package client

import (
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"
)

// printer gives the function that prints one record as the flags say.
func (q *consumption) printer() (func(io.Writer, *kgo.Record) error, error) {
	if q.json {
		return printJSON, nil
	}
	f, err := kgo.NewRecordFormatter(q.format)
	if err != nil {
		return nil, usagef("format: %w", err)
	}
	var line []byte
	return func(w io.Writer, r *kgo.Record) error {
		line = f.AppendRecord(line[:0], r)
		_, err := w.Write(line)
		return err
	}, nil
}

// jsonRecord is a record as one JSON object. Text stands as text; bytes that are not UTF-8 stand in base64 in the
// field of the second name.
type jsonRecord struct {
	Topic       string       `json:"topic"`
	Partition   int32        `json:"partition"`
	Offset      int64        `json:"offset"`
	LeaderEpoch int32        `json:"leader_epoch"`
	Timestamp   int64        `json:"timestamp_ms"`
	Key         *string      `json:"key"`
	KeyBytes    []byte       `json:"key_base64,omitempty"`
	Value       *string      `json:"value"`
	ValueBytes  []byte       `json:"value_base64,omitempty"`
	Headers     []jsonHeader `json:"headers,omitempty"`
}

type jsonHeader struct {
	Name       string  `json:"name"`
	Value      *string `json:"value"`
	ValueBytes []byte  `json:"value_base64,omitempty"`
}

func printJSON(w io.Writer, r *kgo.Record) error {
	return json.NewEncoder(w).Encode(asJSON(r))
}

func asJSON(r *kgo.Record) jsonRecord {
	j := jsonRecord{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, LeaderEpoch: r.LeaderEpoch,
		Timestamp: r.Timestamp.UnixMilli()}
	j.Key, j.KeyBytes = text(r.Key)
	j.Value, j.ValueBytes = text(r.Value)
	for _, h := range r.Headers {
		jh := jsonHeader{Name: h.Key}
		jh.Value, jh.ValueBytes = text(h.Value)
		j.Headers = append(j.Headers, jh)
	}
	return j
}

// text gives bytes as text where they are UTF-8, else as they are; null is neither.
func text(b []byte) (*string, []byte) {
	if b == nil {
		return nil, nil
	}
	if !utf8.Valid(b) {
		return nil, b
	}
	s := string(b)
	return &s, nil
}
