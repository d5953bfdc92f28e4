package groups

import (
	"iter"
	"slices"
)

// fewMax is how many keys are looked through one by one.
const fewMax = 8

// few is a map that takes little room while it has few keys: most groups have one member, and there may be a hundred
// thousand groups. It must not be changed while it is walked.
type few[K comparable, V any] struct {
	list []fewPair[K, V] // while there are at most fewMax
	more map[K]V         // nil until there were more; then all are here
}

type fewPair[K comparable, V any] struct {
	key   K
	value V
}

func (f *few[K, V]) find(key K) int {
	return slices.IndexFunc(f.list, func(p fewPair[K, V]) bool { return p.key == key })
}

// get gives a key's value; false if there is none.
func (f *few[K, V]) get(key K) (value V, found bool) {
	if f.more != nil {
		value, found = f.more[key]
		return value, found
	}
	if i := f.find(key); i >= 0 {
		return f.list[i].value, true
	}
	return value, false
}

// at gives a key's value, the zero value if there is none.
func (f *few[K, V]) at(key K) V {
	value, _ := f.get(key)
	return value
}

func (f *few[K, V]) put(key K, value V) {
	if f.more == nil {
		if i := f.find(key); i >= 0 {
			f.list[i].value = value
			return
		}
		if len(f.list) < fewMax {
			f.list = append(f.list, fewPair[K, V]{key, value})
			return
		}
		f.more = make(map[K]V, 2*fewMax)
		for _, p := range f.list {
			f.more[p.key] = p.value
		}
		f.list = nil
	}
	f.more[key] = value
}

func (f *few[K, V]) drop(key K) {
	if f.more != nil {
		delete(f.more, key)
		return
	}
	if i := f.find(key); i >= 0 {
		f.list = slices.Delete(f.list, i, i+1)
	}
}

func (f *few[K, V]) len() int { return len(f.list) + len(f.more) }

// all gives keys and values in no order.
func (f *few[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, p := range f.list {
			if !yield(p.key, p.value) {
				return
			}
		}
		for k, v := range f.more {
			if !yield(k, v) {
				return
			}
		}
	}
}

// keys gives the keys in no order.
func (f *few[K, V]) keys() iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range f.all() {
			if !yield(k) {
				return
			}
		}
	}
}

// counts counts things.
type counts[K comparable] struct{ few[K, int] }

// add adds to a count; one that is 0 then is dropped.
func (c *counts[K]) add(key K, by int) {
	if n := c.at(key) + by; n != 0 {
		c.put(key, n)
	} else {
		c.drop(key)
	}
}
