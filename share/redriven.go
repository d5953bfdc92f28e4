package share

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RedriveGroup is the group whose committed offsets tell what of a topic for dead letters was sent again. Each is the form of
// a Redriven: Next, and the runs as its metadata.
func RedriveGroup(topic string) string { return "weir-dlq." + topic }

// Redriven is which dead letters of a partition were sent again: all before Next, and some runs behind it.
type Redriven struct {
	Next int64
	runs []offsetRun // rising, not touching each other, behind Next
}

type offsetRun struct{ first, last int64 }

// maxRedriven bounds the text that is kept with a committed offset; brokers refuse more than offset.metadata.max.bytes.
const maxRedriven = 4096

// ErrScattered says that what was redriven cannot be kept.
var ErrScattered = errors.New("too many letters were redriven out of order: redrive or skip those before them")

// Text is the form of the runs in which they are kept with the committed offset: 12-15,20.
func (p *Redriven) Text() (string, error) {
	var all []string
	for _, r := range p.runs {
		one := strconv.FormatInt(r.first, 10)
		if r.last > r.first {
			one += "-" + strconv.FormatInt(r.last, 10)
		}
		all = append(all, one)
	}
	text := strings.Join(all, ",")
	if len(text) > maxRedriven {
		return "", ErrScattered
	}
	return text, nil
}

// ParseRedriven reads what Text wrote.
func ParseRedriven(next int64, text string) (Redriven, error) {
	p := Redriven{Next: next}
	if text == "" {
		return p, nil
	}
	for one := range strings.SplitSeq(text, ",") {
		a, b, ranged := strings.Cut(one, "-")
		if !ranged {
			b = a
		}
		first, err := strconv.ParseInt(a, 10, 64)
		last, err2 := strconv.ParseInt(b, 10, 64)
		if err := errors.Join(err, err2); err != nil || first > last || first < 0 {
			return p, fmt.Errorf("%q does not tell what was redriven", text)
		}
		p.Add(first, last)
	}
	return p, nil
}

// Clone is a copy that changes by itself.
func (p *Redriven) Clone() Redriven { return Redriven{Next: p.Next, runs: slices.Clone(p.runs)} }

// Has tells whether an offset is done.
func (p *Redriven) Has(offset int64) bool {
	if offset < p.Next {
		return true
	}
	i := p.find(offset)
	return i < len(p.runs) && p.runs[i].first <= offset
}

// find is the first run that ends at offset or behind it.
func (p *Redriven) find(offset int64) int {
	i, _ := slices.BinarySearchFunc(p.runs, offset, func(r offsetRun, at int64) int {
		if r.last < at {
			return -1
		}
		return 1
	})
	return i
}

// Add makes offsets done.
func (p *Redriven) Add(first, last int64) {
	if first > last || last < p.Next {
		return
	}
	from := p.find(first - 1)
	to := from
	for to < len(p.runs) && p.runs[to].first <= last+1 {
		first, last = min(first, p.runs[to].first), max(last, p.runs[to].last)
		to++
	}
	if first <= p.Next {
		p.Next = last + 1
		p.runs = slices.Delete(p.runs, 0, to)
		return
	}
	p.runs = slices.Replace(p.runs, from, to, offsetRun{first, last})
}

// Count is how many offsets between two are done.
func (p *Redriven) Count(first, last int64) int64 {
	n := max(min(p.Next-1, last)-first+1, 0)
	for _, r := range p.runs {
		n += max(min(r.last, last)-max(r.first, first)+1, 0)
	}
	return n
}
