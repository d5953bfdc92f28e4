package protocol

import (
	"encoding/binary"
	"math/rand/v2"
)

// message writes a random valid message of a schema.
type message struct {
	s        *schema
	rnd      *rand.Rand
	version  int16
	flexible bool
	tagged   bool // write the tagged fields, too
	b        []byte
}

// randomMessage is a body of the given API that follows the schema. Tagged
// fields never have their default value, so that whoever decodes and encodes
// the body gets the same bytes.
func (s *schema) randomMessage(rnd *rand.Rand, key, version int16) []byte {
	row := s.find(key)
	m := message{s: s, rnd: rnd, version: version, flexible: row.IsFlexible(version), tagged: rnd.IntN(2) == 0}
	m.structure(row.root)
	return m.b
}

func (m *message) structure(ref uint16) {
	r := m.s.structs[ref]
	fields := m.s.fields[r.first:r.end]
	tags := 0
	for i := range fields {
		f := &fields[i]
		if f.in(m.version) && f.tag < 0 {
			m.field(f, true)
		} else if f.in(m.version) {
			tags++
		}
	}
	if !m.flexible {
		return
	}
	if !m.tagged {
		m.b = append(m.b, 0)
		return
	}
	m.b = binary.AppendUvarint(m.b, uint64(tags))
	for tag := int8(0); tags > 0; tag++ {
		for i := range fields {
			if f := &fields[i]; f.in(m.version) && f.tag == tag {
				in := *m
				in.b = nil
				in.field(f, false)
				m.b = binary.AppendUvarint(m.b, uint64(tag))
				m.b = binary.AppendUvarint(m.b, uint64(len(in.b)))
				m.b = append(m.b, in.b...)
				tags--
			}
		}
	}
}

// field writes a field; empty and null are used only where mayBeEmpty.
func (m *message) field(f *fieldRow, mayBeEmpty bool) {
	null := mayBeEmpty && f.nullable(m.version) && m.rnd.IntN(3) == 0
	if !f.array {
		m.value(f, f.nullable(m.version), null, mayBeEmpty)
		return
	}
	if null {
		m.length(4, -1)
		return
	}
	n := 1 + m.rnd.IntN(3)
	if mayBeEmpty {
		n = m.rnd.IntN(4)
	}
	m.length(4, n)
	for range n {
		m.value(f, false, false, mayBeEmpty)
	}
}

func (m *message) value(f *fieldRow, nullable, null, mayBeEmpty bool) {
	switch f.kind {
	case kString, kBytes:
		fixed := 2
		if f.kind == kBytes {
			fixed = 4
		}
		if null {
			m.length(fixed, -1)
			return
		}
		n := 1 + m.rnd.IntN(9)
		if mayBeEmpty {
			n = m.rnd.IntN(200)
		}
		m.length(fixed, n)
		for range n {
			m.b = append(m.b, 'a'+byte(m.rnd.IntN(26)))
		}
	case kStruct:
		if nullable {
			if null {
				m.b = append(m.b, 0xff)
				return
			}
			m.b = append(m.b, 1)
		}
		m.structure(f.ref)
	case kBool:
		m.b = append(m.b, 1)
	default:
		for range width[f.kind] {
			m.b = append(m.b, byte(1+m.rnd.IntN(120)))
		}
	}
}

func (m *message) length(fixed, n int) {
	switch {
	case m.flexible:
		m.b = binary.AppendUvarint(m.b, uint64(n+1))
	case fixed == 2:
		m.b = binary.BigEndian.AppendUint16(m.b, uint16(n))
	default:
		m.b = binary.BigEndian.AppendUint32(m.b, uint32(n))
	}
}
