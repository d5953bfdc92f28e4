package compact

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"

	"github.com/dchest/siphash"
)

// slotBytes is the memory that one key takes: 16 bytes of hash and an offset.
const slotBytes = 24

// slot is one place of the table; the offset is one more than it is, so that 0 says that the place is free.
type slot struct {
	lo, hi uint64
	offset int64
}

// Keys is the newest offset of each key in the dirty part of a log, in memory that does not grow. Of a key it knows a
// hash of 128 bits only (SipHash-2-4 with a key drawn for each table, so that no producer can choose two keys with one
// hash): with a thousand million keys the chance that any two are taken for one is below 2^-68.
type Keys struct {
	slots  []slot
	used   int
	most   int // so many keys are taken
	k0, k1 uint64
}

// leastSlots is the size of the smallest table: with less, a pass would get nowhere.
const leastSlots = 64

// NewKeys makes a table of at most maxBytes, filled to at most the share load of it, or smaller if no more than expected
// keys can come.
func NewKeys(maxBytes int64, load float64, expected int64) *Keys {
	if load <= 0 || load > 1 {
		load = 1
	}
	n := maxBytes / slotBytes
	if fit := float64(expected)/load + 1; fit < float64(n) {
		n = int64(fit)
	}
	n = max(n, leastSlots)
	var seed [16]byte
	_, _ = rand.Read(seed[:]) // never fails
	return &Keys{slots: make([]slot, n), most: min(max(int(float64(n)*load), 1), int(n)-1),
		k0: binary.LittleEndian.Uint64(seed[:]), k1: binary.LittleEndian.Uint64(seed[8:])}
}

// Put notes that the key has the offset, which is larger than those before. False when the table is full and the key is
// not in it.
func (m *Keys) Put(key []byte, offset int64) bool {
	lo, hi := siphash.Hash128(m.k0, m.k1, key)
	s := m.find(lo, hi)
	if s.offset == 0 {
		if m.used >= m.most {
			return false
		}
		m.used++
		s.lo, s.hi = lo, hi
	}
	s.offset = offset + 1
	return true
}

// Newest returns the key's newest offset, -1 for a key that is not in the table.
func (m *Keys) Newest(key []byte) int64 {
	return m.find(siphash.Hash128(m.k0, m.k1, key)).offset - 1
}

// find returns the slot of the key with a hash, or the free one where it would go. One is always free.
func (m *Keys) find(lo, hi uint64) *slot {
	n := uint64(len(m.slots))
	for i, _ := bits.Mul64(hi, n); ; {
		s := &m.slots[i]
		if s.offset == 0 || s.lo == lo && s.hi == hi {
			return s
		}
		if i++; i == n {
			i = 0
		}
	}
}

// Len is the number of keys.
func (m *Keys) Len() int { return m.used }

// Use is how full the table is, of 1.
func (m *Keys) Use() float64 { return float64(m.used) / float64(len(m.slots)) }
