package cluster

import "bytes"

// walk goes through one bucket in the order of its keys.
type walk struct {
	file  *boltFile
	visit func(element) error
	last  []byte // the key before
}

// page visits a page, whose keys must lie in [low, high); nil bounds nothing.
func (w *walk) page(id uint64, low, high []byte, depth int) error {
	if depth > maxDepth {
		return damage("pages nested deeper than %d", maxDepth)
	}
	p, err := w.file.page(id)
	if err != nil {
		return err
	}
	switch native.Uint16(p[8:]) {
	case leafFlag:
		return w.leaf(p, id, low, high)
	case branchFlag:
		return w.branch(p, id, high, depth)
	}
	return damage("page %d is neither branch nor leaf", id)
}

func (w *walk) branch(p []byte, id uint64, high []byte, depth int) error {
	count := int(native.Uint16(p[10:]))
	if count == 0 {
		return damage("branch page %d is empty", id)
	}
	keys := make([][]byte, count+1)
	children := make([]uint64, count)
	for i := range count {
		at := pageHeaderBytes + i*elementBytes
		if at+elementBytes > len(p) {
			return damage("page %d has %d elements", id, count)
		}
		e := p[at:]
		key, ok := span(e, native.Uint32(e), native.Uint32(e[4:]))
		if !ok {
			return damage("element %d of page %d", i, id)
		}
		keys[i], children[i] = key, native.Uint64(e[8:])
	}
	keys[count] = high
	for i, child := range children {
		if err := w.page(child, keys[i], keys[i+1], depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) leaf(p []byte, id uint64, low, high []byte) error {
	if native.Uint16(p[8:]) != leafFlag {
		return damage("page %d is no leaf", id)
	}
	for i := range int(native.Uint16(p[10:])) {
		at := pageHeaderBytes + i*elementBytes
		if at+elementBytes > len(p) {
			return damage("page %d is too small for element %d", id, i)
		}
		e := p[at:]
		pos, keyLen, valueLen := native.Uint32(e[4:]), native.Uint32(e[8:]), native.Uint32(e[12:])
		key, ok := span(e, pos, keyLen)
		value, ok2 := span(e, pos+keyLen, valueLen)
		if !ok || !ok2 || uint64(pos)+uint64(keyLen) > uint64(len(p)) {
			return damage("element %d of page %d", i, id)
		}
		if len(key) == 0 || w.last != nil && bytes.Compare(key, w.last) <= 0 ||
			low != nil && bytes.Compare(key, low) < 0 || high != nil && bytes.Compare(key, high) >= 0 {
			return damage("key %d of page %d is out of order", i, id)
		}
		w.last = key
		if err := w.visit(element{flags: native.Uint32(e), key: key, value: value}); err != nil {
			return err
		}
	}
	return nil
}

// span cuts n bytes at pos out of what follows an element.
func span(e []byte, pos, n uint32) ([]byte, bool) {
	if uint64(pos)+uint64(n) > uint64(len(e)) {
		return nil, false
	}
	return e[pos : uint64(pos)+uint64(n)], true
}
