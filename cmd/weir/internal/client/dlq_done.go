package client

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// doneOffsets is which offsets of a partition are done: all before next, and some runs behind it.
type doneOffsets struct {
	next int64
	runs []offsetRun // rising, not touching each other, behind next
}

type offsetRun struct{ first, last int64 }

// maxDone bounds the text that is kept with a committed offset; brokers refuse more than offset.metadata.max.bytes.
const maxDone = 4096

var errScattered = errors.New("too many letters were redriven out of order: redrive or skip those before them")

// text is the form of the runs in which they are kept with the committed offset: 12-15,20.
func (p *doneOffsets) text() (string, error) {
	var all []string
	for _, r := range p.runs {
		one := strconv.FormatInt(r.first, 10)
		if r.last > r.first {
			one += "-" + strconv.FormatInt(r.last, 10)
		}
		all = append(all, one)
	}
	text := strings.Join(all, ",")
	if len(text) > maxDone {
		return "", errScattered
	}
	return text, nil
}

func parseDone(next int64, text string) (doneOffsets, error) {
	p := doneOffsets{next: next}
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
		p.add(first, last)
	}
	return p, nil
}

// has tells whether an offset is done.
func (p *doneOffsets) has(offset int64) bool {
	if offset < p.next {
		return true
	}
	i := p.find(offset)
	return i < len(p.runs) && p.runs[i].first <= offset
}

// find is the first run that ends at offset or behind it.
func (p *doneOffsets) find(offset int64) int {
	i, _ := slices.BinarySearchFunc(p.runs, offset, func(r offsetRun, at int64) int {
		if r.last < at {
			return -1
		}
		return 1
	})
	return i
}

// add makes offsets done.
func (p *doneOffsets) add(first, last int64) {
	if first > last || last < p.next {
		return
	}
	from := p.find(first - 1)
	to := from
	for to < len(p.runs) && p.runs[to].first <= last+1 {
		first, last = min(first, p.runs[to].first), max(last, p.runs[to].last)
		to++
	}
	if first <= p.next {
		p.next = last + 1
		p.runs = slices.Delete(p.runs, 0, to)
		return
	}
	p.runs = slices.Replace(p.runs, from, to, offsetRun{first, last})
}

// count is how many offsets between two are done.
func (p *doneOffsets) count(first, last int64) int64 {
	n := max(min(p.next-1, last)-first+1, 0)
	for _, r := range p.runs {
		n += max(min(r.last, last)-max(r.first, first)+1, 0)
	}
	return n
}
