package dump

import (
	"fmt"
	"strings"

	"weir/groups"
	"weir/record"
	storage "weir/segment"
	"weir/txn"
	"weir/vfs"
)

// maxDecompressed bounds what the records of one batch may unfold to.
const maxDecompressed = 1 << 30

// segment shows the batches of a log file and, if asked, their records. It stops at the first that is damaged.
func segment(p *printer, fsys vfs.FS, path string, base int64, o Options) error {
	f, err := openSegment(fsys, path, base)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	head := make([]byte, record.HeaderSize)
	for pos := int64(0); pos < size; {
		if size-pos < record.HeaderSize {
			return fmt.Errorf("%d bytes at position %d are no whole batch", size-pos, pos)
		}
		if _, err := f.ReadAt(head, pos); err != nil {
			return fmt.Errorf("read batch at position %d: %w", pos, err)
		}
		h, err := record.ParseHeader(head)
		if err != nil {
			return fmt.Errorf("read batch at position %d: %w", pos, err)
		}
		if int64(h.Size()) > size-pos {
			return fmt.Errorf("batch at position %d has %d bytes; the file has %d left", pos, h.Size(), size-pos)
		}
		raw := make([]byte, h.Size())
		if _, err := f.ReadAt(raw, pos); err != nil {
			return fmt.Errorf("read batch at position %d: %w", pos, err)
		}
		if err := batch(p, record.Batch{Header: h, Raw: raw}, pos, o); err != nil {
			return fmt.Errorf("batch at position %d: %w", pos, err)
		}
		pos += int64(h.Size())
	}
	return nil
}

func openSegment(fsys vfs.FS, path string, base int64) (vfs.File, error) {
	if strings.HasSuffix(strings.TrimSuffix(path, ".deleted"), compressed) {
		return storage.OpenCompressed(fsys, path, base)
	}
	return fsys.Open(path)
}

func batch(p *printer, b record.Batch, pos int64, o Options) error {
	whole := record.CheckCRC(b.Raw)
	p.line("baseOffset", b.BaseOffset, "lastOffset", b.LastOffset(), "count", b.Count, "position", pos, "size", b.Size(),
		"leaderEpoch", b.LeaderEpoch, "codec", b.Codec().String(), "baseTimestampMs", b.BaseTimestamp, "maxTimestampMs",
		b.MaxTimestamp, "producerId", b.ProducerID, "producerEpoch", b.ProducerEpoch, "baseSequence", b.BaseSequence,
		"transactional", b.IsTransactional(), "control", b.IsControl(), "crc", b.CRC, "crcGood", whole)
	if !whole {
		return record.ErrCorrupt
	}
	if !o.Records && !o.Groups && !o.Transactions {
		return nil
	}
	for r, err := range b.Records(maxDecompressed) {
		if err != nil {
			return err
		}
		if err := oneRecord(p, b, r, o); err != nil {
			return err
		}
	}
	return nil
}

func oneRecord(p *printer, b record.Batch, r record.Record, o Options) error {
	if b.IsControl() {
		c, err := record.ParseControl(r)
		if err != nil {
			return err
		}
		p.line("offset", r.Offset, "control", fmt.Sprint(c.Type), "coordinatorEpoch", c.CoordinatorEpoch)
		return nil
	}
	if o.Groups || o.Transactions {
		dump := groups.DumpRecord
		if o.Transactions {
			dump = txn.DumpRecord
		}
		line, err := dump(r.Key, r.Value)
		if err != nil {
			return fmt.Errorf("record at offset %d: %w", r.Offset, err)
		}
		p.line("offset", r.Offset, "record", text(line))
		return nil
	}
	headers := make([]string, 0, len(r.Headers))
	for _, h := range r.Headers {
		headers = append(headers, fmt.Sprintf("%s=%q", h.Key, h.Value))
	}
	p.line("offset", r.Offset, "timestampMs", r.Timestamp, "key", show(r.Key), "value", show(r.Value), "headers", fmt.Sprint(headers))
	return nil
}

func show(b []byte) string {
	if b == nil {
		return "null"
	}
	return string(b)
}
