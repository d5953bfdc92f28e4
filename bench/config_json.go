package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// span is a duration written as people write it: "5ms".
type span time.Duration

func (s span) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).String()) }

func (s *span) UnmarshalJSON(text []byte) error {
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return fmt.Errorf("a duration is a string such as \"5ms\": %w", err)
	}
	d, err := time.ParseDuration(word)
	*s = span(d)
	return err
}

// pace is a rate, or a share of the peak: a number, or a word such as "50%".
type pace struct{ rate, share float64 }

func (p pace) MarshalJSON() ([]byte, error) {
	if p.share > 0 {
		return json.Marshal(FormatRate(0, p.share))
	}
	return json.Marshal(p.rate)
}

func (p *pace) UnmarshalJSON(text []byte) error {
	word := string(text)
	if text[0] == '"' {
		if err := json.Unmarshal(text, &word); err != nil {
			return err
		}
	}
	rate, share, err := ParseRate(word)
	*p = pace{rate, share}
	return err
}

// plain is Config without its methods.
type plain Config

// configJSON is Config on the outside: its own fields hide those of the same names in Config.
type configJSON struct {
	*plain
	Rate             pace `json:"rate"`
	Duration         span `json:"duration"`
	Linger           span `json:"linger"`
	ChurnEvery       span `json:"churn_every"`
	BeatEvery        span `json:"beat_every"`
	CommitEvery      span `json:"commit_every"`
	Patience         span `json:"patience"`
	TransactionEvery span `json:"transaction_every"`
}

func (c *Config) outside() configJSON {
	return configJSON{(*plain)(c), pace{c.Rate, c.PeakShare}, span(c.Duration), span(c.Linger), span(c.ChurnEvery), span(c.BeatEvery), span(c.CommitEvery),
		span(c.Patience), span(c.TransactionEvery)}
}

// MarshalJSON writes durations as strings.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.outside()) }

// UnmarshalJSON reads durations as strings; what the text does not name stays as it is, and a name that is unknown is an error.
func (c *Config) UnmarshalJSON(text []byte) error {
	o := c.outside()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return fmt.Errorf("read workload: %w", err)
	}
	c.Rate, c.PeakShare = o.Rate.rate, o.Rate.share
	c.Duration, c.Linger = time.Duration(o.Duration), time.Duration(o.Linger)
	c.ChurnEvery, c.Patience = time.Duration(o.ChurnEvery), time.Duration(o.Patience)
	c.BeatEvery, c.CommitEvery = time.Duration(o.BeatEvery), time.Duration(o.CommitEvery)
	c.TransactionEvery = time.Duration(o.TransactionEvery)
	return nil
}
