package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/partition"
	"weir/record"
)

// WriteTxnMarkers (key 27), v1-v2.
//
// Behavior:
//   - Writes markers as an administrator asks for, to end a transaction that nobody will end (KIP-664); the
//     coordinator writes its own without this. Answered when the markers are durable.
//   - A producer epoch that is over answers 47, a coordinator epoch that is over 52.
//
// Version notes: v1 is flexible, v2 carries the transaction's version (KIP-1228).
func (h *Handlers) serveWriteTxnMarkers(c *Conn, _ int16, req *kmsg.WriteTxnMarkersRequest) Answer {
	resp := req.ResponseKind().(*kmsg.WriteTxnMarkersResponse)
	refused := !h.allowed(c, opAlter, clusterResource, clusterName)
	var written []writtenMarker
	for i := range req.Markers {
		m := &req.Markers[i]
		answer := kmsg.NewWriteTxnMarkersResponseMarker()
		answer.ProducerID = m.ProducerID
		for _, t := range m.Topics {
			topic := kmsg.NewWriteTxnMarkersResponseMarkerTopic()
			topic.Topic = t.Topic
			for _, index := range t.Partitions {
				p := kmsg.NewWriteTxnMarkersResponseMarkerTopicPartition()
				p.Partition = index
				ticket, err := partition.Ticket{}, error(kerr.ClusterAuthorizationFailed)
				if !refused {
					ticket, err = h.writeMarker(m, t.Topic, index)
				}
				if p.ErrorCode = h.code(err); err == nil {
					at := [3]int{len(resp.Markers), len(answer.Topics), len(topic.Partitions)}
					written = append(written, writtenMarker{at, ticket})
				}
				topic.Partitions = append(topic.Partitions, p)
			}
			answer.Topics = append(answer.Topics, topic)
		}
		resp.Markers = append(resp.Markers, answer)
	}
	return h.whenWritten(resp, written)
}

// writtenMarker is a marker in a log, and the place of its answer: marker, topic, partition.
type writtenMarker struct {
	at     [3]int
	ticket partition.Ticket
}

// writeMarker writes one marker.
func (h *Handlers) writeMarker(m *kmsg.WriteTxnMarkersRequestMarker, topic string, index int32,
) (partition.Ticket, error) {
	to, err := h.findByName(topic, index)
	if err != nil {
		return partition.Ticket{}, err
	}
	b := record.MarkerBatch(m.Committed, m.ProducerID, m.ProducerEpoch, m.CoordinatorEpoch, h.Clock.Now().UnixMilli())
	return to.Append(&b, partition.AppendOptions{ExpectedLeaderEpoch: -1})
}

// whenWritten answers when the markers are durable.
func (h *Handlers) whenWritten(resp *kmsg.WriteTxnMarkersResponse, written []writtenMarker) Answer {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, w := range written {
			if err := w.ticket.Wait(h.ctx.Done()); err != nil {
				resp.Markers[w.at[0]].Topics[w.at[1]].Partitions[w.at[2]].ErrorCode = h.code(err)
			}
		}
	}()
	return Later(done, func() kmsg.Response { return resp })
}
