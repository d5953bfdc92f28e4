package protocol

// partsEncoder also collects the parts of an answer.
type partsEncoder struct {
	encoder
	parts []Part
	from  int // where the part of bytes at hand begins
}

// cut ends the part of bytes at hand. When b grows later, the part keeps the
// array it has, whose bytes are not written to again.
func (e *partsEncoder) cut() {
	if len(e.b) > e.from {
		e.parts = append(e.parts, Part{Bytes: e.b[e.from:len(e.b):len(e.b)]})
		e.from = len(e.b)
	}
}

// records writes the length of a partition's records and leaves room for them.
func (e *partsEncoder) records(records []Sender) {
	size := 0
	for _, s := range records {
		size += s.Len()
	}
	e.recordsLen(size)
	if size == 0 {
		return
	}
	e.cut()
	for _, s := range records {
		if s.Len() > 0 {
			e.parts = append(e.parts, Part{File: s})
		}
	}
}
