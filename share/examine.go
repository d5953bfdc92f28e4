package share

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"strconv"

	"weir/partition"
	"weir/record"
	"weir/segment"
)

// Headers by which a producer says how a record is to be delivered to share groups. Values are decimal numbers in UTF-8; what is no
// number, or out of range, says nothing.
const (
	HeaderDeliverAt    = "weir.deliver.at"    // ms since the Unix epoch
	HeaderDeliverAfter = "weir.deliver.after" // ms after the record's timestamp
	HeaderTTL          = "weir.ttl"           // ms after the record's timestamp
	HeaderPriority     = "weir.priority"      // 0 to 9; 4 is that of records without one
)

var ownHeaders = []byte("weir.")

// seed makes hashes of keys; they are not kept anywhere.
var seed = maphash.MakeSeed()

// examiner reads record batches for what a share group is to know of them.
type examiner struct {
	settings *Settings
	topic    TopicSettings
	index    int32                  // of the partition
	aborted  []partition.AbortedTxn // that still lie ahead, by first offset
	active   map[int64]bool         // producers inside an aborted transaction
	items    []item
}

// newExaminer makes an examiner of what lies behind one offset of a partition. aborted is for groups that leave out what is not
// committed.
func newExaminer(s *Settings, topic TopicSettings, index int32, aborted []partition.AbortedTxn) *examiner {
	return &examiner{settings: s, topic: topic, index: index, aborted: aborted, active: make(map[int64]bool)}
}

// plain reports whether nothing but headers of records could make one record different from its neighbours.
func (x *examiner) plain() bool {
	return x.settings.Order != ByKey && x.settings.Filter == nil && x.topic.DelayMs == 0 && x.topic.TTLMs == 0
}

// heads tells what the batches of a slice hold whose records are known to have no headers, the last of which may be cut short, and
// where the next one begins. It is not ok, and nothing is told, when it takes more than the batches' headers to know.
func (x *examiner) heads(s segment.Slice, from int64) (next int64, ok bool, err error) {
	heads := newHeaders(s)
	defer heads.close()
	next = from
	for {
		h, err := heads.next()
		if errors.Is(err, io.EOF) {
			return next, true, nil
		}
		if err != nil {
			return 0, false, fmt.Errorf("examine batches from %d: %w", next, err)
		}
		if !h.IsControl() && h.Count > 0 {
			if !dense(&h) {
				return from, false, nil
			}
			x.batchOf(&h)
		}
		next = h.LastOffset() + 1
	}
}

// dense reports whether a batch has a record at each of its offsets.
func dense(h *record.Header) bool { return h.Count == h.LastOffsetDelta+1 }

// batchOf adds a batch whose records are all alike. Neighbours of one record each, of about the same size, are one item: queues are
// filled like that, and what is kept of them is to be small.
func (x *examiner) batchOf(h *record.Header) {
	if h.Count == 1 {
		x.single(h)
		return
	}
	x.items = append(x.items, item{first: h.BaseOffset, last: h.LastOffset(), detail: plainDetail(h)})
}

func (x *examiner) single(h *record.Header) {
	if n := len(x.items); n > 0 && x.items[n-1].last+1 == h.BaseOffset && x.items[n-1].detail.batch == ofItsOwn {
		before := &x.items[n-1]
		if a, b := before.detail.size, int32(h.Size()); a <= 2*b && b <= 2*a {
			before.last, before.detail.size = h.BaseOffset, max(a, b)
			return
		}
	}
	d := plainDetail(h)
	d.batch = ofItsOwn
	x.items = append(x.items, item{first: h.BaseOffset, last: h.BaseOffset, detail: d})
}

func plainDetail(h *record.Header) *detail {
	return &detail{note: note{priority: middling}, batch: h.LastOffset(), size: int32(h.Size()) / h.Count}
}

// examine tells what the batches in raw hold, the last of which may be cut short, and where the next one begins.
func (x *examiner) examine(raw []byte, from int64) (next int64, err error) {
	next = from
	for b := range batches(raw) {
		if err := x.batch(b); err != nil {
			return 0, fmt.Errorf("examine batch at %d: %w", b.BaseOffset, err)
		}
		next = b.LastOffset() + 1
	}
	return next, nil
}

// batches walks the whole batches of what was read of a log. It ends at one that is cut short.
func batches(raw []byte) iter.Seq[record.Batch] {
	return func(yield func(record.Batch) bool) {
		for {
			h, err := record.ParseHeader(raw)
			if err != nil || h.Size() > len(raw) || !yield(record.Batch{Header: h, Raw: raw[:h.Size():h.Size()]}) {
				return
			}
			raw = raw[h.Size():]
		}
	}
}

func (x *examiner) batch(b record.Batch) error {
	for len(x.aborted) > 0 && x.aborted[0].FirstOffset <= b.LastOffset() {
		x.active[x.aborted[0].ProducerID] = true
		x.aborted = x.aborted[1:]
	}
	switch {
	case b.Count == 0:
		return nil
	case b.IsControl():
		return x.control(b)
	case b.IsTransactional() && x.active[b.ProducerID]:
		return nil
	}
	each := !x.plain() || !dense(&b.Header)
	if !each {
		section := b.Raw[record.HeaderSize:]
		if b.Codec() != record.None {
			var err error
			if section, err = record.Decompress(b, 0); err != nil {
				return err
			}
		}
		each = bytes.Contains(section, ownHeaders)
	}
	if !each {
		x.batchOf(&b.Header)
		return nil
	}
	plain := plainDetail(&b.Header)
	for r, err := range b.Records(0) {
		if err != nil {
			return err
		}
		x.record(&r, plain)
	}
	return nil
}

// control notes where an aborted transaction ends.
func (x *examiner) control(b record.Batch) error {
	for r, err := range b.Records(0) {
		if err != nil {
			return err
		}
		if c, err := record.ParseControl(r); err == nil && c.Type == record.ControlAbort {
			delete(x.active, b.ProducerID)
		}
	}
	return nil
}

// record adds one record, to the item before it if that is its neighbour and no different.
func (x *examiner) record(r *record.Record, plain *detail) {
	if x.settings.Filter != nil && !x.settings.Filter.Match(r, x.index) {
		return // what no item tells of is not for the group
	}
	d := *plain
	x.read(r, &d)
	if n := len(x.items); n > 0 && x.items[n-1].last+1 == r.Offset && *x.items[n-1].detail == d && d.key == 0 {
		x.items[n-1].last = r.Offset
		return
	}
	if d == *plain {
		x.items = append(x.items, item{first: r.Offset, last: r.Offset, detail: plain})
		return
	}
	x.items = append(x.items, item{first: r.Offset, last: r.Offset, detail: &d})
}

// read takes what a record's headers and key say.
func (x *examiner) read(r *record.Record, d *detail) {
	if x.topic.DelayMs > 0 {
		d.due = r.Timestamp + x.topic.DelayMs
	}
	if x.topic.TTLMs > 0 {
		d.expires = r.Timestamp + x.topic.TTLMs
	}
	if x.settings.Order == ByKey && r.Key != nil {
		d.key = max(maphash.Bytes(seed, r.Key), 1)
	}
	if len(r.Headers) > 0 && r.Headers[0].Key == DeadTopic {
		return // what follows was said of the record that died, not of its dead letter
	}
	for i := range r.Headers {
		h := &r.Headers[i]
		if len(h.Key) < len(ownHeaders) || h.Key[:len(ownHeaders)] != string(ownHeaders) {
			continue
		}
		n, err := strconv.ParseInt(string(h.Value), 10, 64)
		if err != nil || n < 0 {
			continue
		}
		switch h.Key {
		case HeaderDeliverAt:
			d.due = n
		case HeaderDeliverAfter:
			d.due = r.Timestamp + min(n, farMs)
		case HeaderTTL:
			d.expires = r.Timestamp + min(n, farMs)
		case HeaderPriority:
			if n < priorities {
				d.priority = int8(n)
			}
		}
	}
}

// farMs bounds waits: a hundred years.
const farMs = 100 * 366 * 24 * 3600 * 1000
