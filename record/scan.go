package record

// minBody is the length of the smallest record body: attributes, timestamp
// delta, offset delta, key, value and header count of one byte each.
const minBody = 6

// scan is the fast form of cursor.nextSlow for a record body that lies in one
// piece: it says yes to exactly the same bodies, and nothing about why not.
// This loop sees every byte-sized field of every produced record.
func scan(b []byte) (m meta, ok bool) {
	if len(b) < minBody {
		return m, false
	}
	p := 1 // attributes: no bit is in use
	if v := b[p]; v < 0x80 {
		m.timestampDelta = int64(v>>1) ^ -int64(v&1)
		p++
	} else if m.timestampDelta, p = scanVarlong(b, p); p < 0 {
		return m, false
	}
	if m.offsetDelta, p = scanVarint(b, p); p < 0 {
		return m, false
	}
	var size int32
	if size, p = scanVarint(b, p); p < 0 {
		return m, false
	}
	if size >= 0 {
		m.hasKey = true
		if int(size) > len(b)-p {
			return m, false
		}
		p += int(size)
	}
	if p = scanField(b, p); p < 0 {
		return m, false
	}
	m.hasHeaders, ok = scanHeaders(b[p:])
	return m, ok
}

// scanHeaders passes the headers that must fill b, and says whether there are any.
func scanHeaders(b []byte) (some, ok bool) {
	headers, p := scanVarint(b, 0)
	if p < 0 || headers < 0 || int(headers) > len(b)-p {
		return false, false
	}
	var size int32
	for range headers {
		if size, p = scanVarint(b, p); p < 0 || size < 0 {
			return false, false
		}
		if int(size) > len(b)-p {
			return false, false
		}
		if p = scanField(b, p+int(size)); p < 0 {
			return false, false
		}
	}
	return headers > 0, p == len(b)
}

// scanField passes a length and as many bytes; it gives the position behind,
// -1 when they are not there.
func scanField(b []byte, p int) int {
	size, p := scanVarint(b, p)
	if p < 0 || size <= 0 {
		return p
	}
	if int(size) > len(b)-p {
		return -1
	}
	return p + int(size)
}

// scanVarint reads a zig-zag int32 at p; it gives the position behind, -1 when
// there is none.
func scanVarint(b []byte, p int) (int32, int) {
	if uint(p) < uint(len(b)) && b[p] < 0x80 {
		return int32(b[p]>>1) ^ -int32(b[p]&1), p + 1
	}
	return scanVarintSlow(b, p)
}

func scanVarintSlow(b []byte, p int) (int32, int) {
	if p+3 <= len(b) { // sizes and offsets of two and three bytes, without a loop
		v := uint32(b[p])&0x7f | uint32(b[p+1])<<7
		if b[p+1] < 0x80 {
			return int32(v>>1) ^ -int32(v&1), p + 2
		}
		v = v&0x3fff | uint32(b[p+2])<<14
		if b[p+2] < 0x80 {
			return int32(v>>1) ^ -int32(v&1), p + 3
		}
	}
	var v uint32
	for shift := 0; shift < 35 && p < len(b); shift += 7 {
		c := b[p]
		p++
		v |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return int32(v>>1) ^ -int32(v&1), p
		}
	}
	return 0, -1
}

// scanVarlong is scanVarint for 64 bits.
func scanVarlong(b []byte, p int) (int64, int) {
	var v uint64
	for shift := 0; shift < 70 && p < len(b); shift += 7 {
		c := b[p]
		p++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return int64(v>>1) ^ -int64(v&1), p
		}
	}
	return 0, -1
}
