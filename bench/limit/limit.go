// Package limit is the least that a broker can do, so that every figure of a real one can be read as a multiple of it: receive
// frames from TCP into a reused buffer, check their CRC-32C, append them to a file, sync the file with the simplest group
// commit (or not), and answer eight bytes; and for reading, send a range of the file to the socket by sendfile.
//
// It keeps no offsets, indexes, topics, sessions, limits or errors: whatever is wrong ends the connection. Server is the
// process that is measured; Driver lets the workloads of package bench run on it.
package limit

import (
	"encoding/binary"
	"hash/crc32"
)

// A request is a head and, for opWrite, a body; numbers are big endian:
//
//	op uint32 | file uint32 | position uint64 | length uint32 | crc uint32 | body
//
// A connection has its requests answered in order, and either writes or does the other things.
const (
	// opMake makes length files and answers the number of the first as a uint64.
	opMake = iota
	// opRemove deletes length files from file on and answers a uint64 of no meaning.
	opRemove
	// opWrite appends length, crc and body to file and answers, once that is durable, the file's new size as a uint64. A file is
	// therefore a row of checked batches, and what is written is one piece of the receive buffer.
	opWrite
	// opRead waits until file is longer than position, and answers a uint32 and as many bytes from there, at most length.
	opRead
)

const (
	headBytes   = 24
	prefixBytes = 8 // length and crc: what precedes each body in a file
	answerBytes = 8
	// maxBodyBytes bounds what one request can make the server allocate.
	maxBodyBytes = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type head struct {
	op, file    uint32
	position    int64
	length, crc uint32
}

func (h head) appendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, h.op)
	b = binary.BigEndian.AppendUint32(b, h.file)
	b = binary.BigEndian.AppendUint64(b, uint64(h.position))
	b = binary.BigEndian.AppendUint32(b, h.length)
	return binary.BigEndian.AppendUint32(b, h.crc)
}

func parseHead(b []byte) head {
	return head{op: binary.BigEndian.Uint32(b), file: binary.BigEndian.Uint32(b[4:]), position: int64(binary.BigEndian.Uint64(b[8:])),
		length: binary.BigEndian.Uint32(b[16:]), crc: binary.BigEndian.Uint32(b[20:])}
}
