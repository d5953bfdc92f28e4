package rivals

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ProbeKafka asks for the cluster's metadata over a raw connection, so that no client's start or back-off is in a measured time. nil
// means that the broker serves. ctx needs a deadline, which also bounds reads and writes.
func ProbeKafka(ctx context.Context, addr string) error {
	conn, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	return askMetadata(conn)
}

func askMetadata(conn net.Conn) error {
	req := kmsg.NewPtrMetadataRequest()
	req.Version = 4
	req.Topics = []kmsg.MetadataRequestTopic{}
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("probe")).AppendRequest(nil, req, 7)
	if _, err := conn.Write(frame); err != nil {
		return err
	}
	head := make([]byte, 8)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head)
	if size < 4 || size > 1<<20 {
		return fmt.Errorf("an answer of %d bytes", size)
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	resp := kmsg.NewPtrMetadataResponse()
	resp.Version = 4
	if err := resp.ReadFrom(body); err != nil {
		return fmt.Errorf("read its metadata: %w", err)
	}
	if len(resp.Brokers) == 0 {
		return errors.New("it knows no broker yet")
	}
	return nil
}
