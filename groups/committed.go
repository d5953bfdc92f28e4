package groups

import (
	"cmp"
	"slices"
	"strings"
)

// committed is what a group has committed: its topics by name, each with its offsets by partition, both sorted. There
// may be a hundred thousand groups, most of which read few topics: sorted lists take a fraction of what maps would.
type committed []committedTopic

// committedTopic is a topic of which a group has committed at least one offset.
type committedTopic struct {
	name    string
	offsets []offset
}

func (c committed) find(topic string) (int, bool) {
	return slices.BinarySearchFunc(c, topic, func(t committedTopic, name string) int { return strings.Compare(t.name, name) })
}

// of gives the offsets of a topic, sorted by partition.
func (c committed) of(topic string) []offset {
	if at, found := c.find(topic); found {
		return c[at].offsets
	}
	return nil
}

// findOffset is found fast for the partition behind the last, as offsets often come in order.
func findOffset(list []offset, partition int32) (int, bool) {
	if n := len(list); n == 0 || list[n-1].partition < partition {
		return n, false
	}
	return slices.BinarySearchFunc(list, partition, func(o offset, p int32) int { return cmp.Compare(o.partition, p) })
}

// get gives one offset; false if there is none.
func (c committed) get(topic string, partition int32) (offset, bool) {
	list := c.of(topic)
	at, found := findOffset(list, partition)
	if !found {
		return offset{}, false
	}
	return list[at], true
}

// put stores an offset and gives the one that was there. The topic's name is copied where it is kept.
func (c *committed) put(topic string, o offset) (old offset, had bool) {
	t, found := c.find(topic)
	if !found {
		*c = slices.Insert(*c, t, committedTopic{name: strings.Clone(topic), offsets: []offset{o}})
		return old, false
	}
	list := &(*c)[t].offsets
	at, had := findOffset(*list, o.partition)
	if !had {
		*list = slices.Insert(*list, at, o)
		return old, false
	}
	old, (*list)[at] = (*list)[at], o
	return old, true
}

// drop removes an offset and gives it.
func (c *committed) drop(topic string, partition int32) (old offset, had bool) {
	t, found := c.find(topic)
	if !found {
		return old, false
	}
	list := &(*c)[t].offsets
	at, had := findOffset(*list, partition)
	if !had {
		return old, false
	}
	old = (*list)[at]
	if *list = slices.Delete(*list, at, at+1); len(*list) == 0 {
		*c = slices.Delete(*c, t, t+1)
	}
	return old, true
}

// place names one committed offset.
type place struct {
	topic     string
	partition int32
}

// places lists the offsets that pass, in order: they can be dropped one by one while the list is walked.
func (c committed) places(pass func(topic string, o offset) bool) []place {
	var all []place
	for _, t := range c {
		for _, o := range t.offsets {
			if pass(t.name, o) {
				all = append(all, place{t.name, o.partition})
			}
		}
	}
	return all
}
