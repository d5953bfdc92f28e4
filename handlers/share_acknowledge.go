package handlers

import (
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/coordinator"
	"weir/metadata"
	"weir/share"
)

// ackPart is what a request acknowledges of one partition.
type ackPart struct {
	id      metadata.PartitionID
	batches []share.AckBatch
}

// ackResult is what became of the acknowledgements of one partition.
type ackResult struct {
	id   metadata.PartitionID
	err  error
	text *string // of an error of the share partition
}

// acknowledgement is the acknowledgements of one request, handed over, perhaps not durable yet. Nil is none.
type acknowledgement struct {
	judged  []ackResult // those that were not handed over
	handed  []metadata.PartitionID
	futures []*coordinator.Future[struct{}] // of handed, then those of records that are released
}

// acknowledge checks the acknowledgements of a request partition by partition and hands over those that are well formed
// (KafkaApis.handleAcknowledgements). A partition named twice is acknowledged as it is named last.
func (h *Handlers) acknowledge(c *Conn, image *metadata.Image, key shareKey, parts []ackPart, canRenew, renews bool,
) *acknowledgement {
	a := &acknowledgement{}
	settings := h.ShareSettings(key.group)
	var empty []ackResult
	for _, p := range lastNamed(parts) {
		known := image.TopicByID(p.id.Topic) != nil
		err := h.shareable(c, image, sharePart{id: p.id, known: known})
		if !canAcknowledge(p.batches, canRenew, renews) && !errors.Is(err, kerr.UnknownTopicID) {
			err = kerr.InvalidRequest
		}
		switch {
		case err != nil:
			a.judged = append(a.judged, ackResult{id: p.id, err: err})
		case len(p.batches) == 0:
			empty = append(empty, ackResult{id: p.id})
		default:
			a.handed = append(a.handed, p.id)
			a.futures = append(a.futures, h.Shares.Acknowledge(share.AcknowledgeRequest{
				Key: share.Key{Group: key.group, PartitionID: p.id}, Member: key.member, Settings: settings,
				Batches: p.batches,
			}))
		}
	}
	if len(a.handed) > 0 { // Kafka tells of the others only beside one that was acknowledged
		a.judged = append(a.judged, empty...)
	}
	return a
}

func lastNamed(parts []ackPart) []ackPart {
	at := make(map[metadata.PartitionID]int, len(parts))
	var once []ackPart
	for _, p := range parts {
		if i, twice := at[p.id]; twice {
			once[i] = p
			continue
		}
		at[p.id] = len(once)
		once = append(once, p)
	}
	return once
}

// canAcknowledge reports whether the batches of a partition are well formed (KafkaApis.validateAcknowledgementBatches).
func canAcknowledge(batches []share.AckBatch, canRenew, renews bool) bool {
	end, most := int64(-1), share.Reject
	if canRenew {
		most = share.Renew
	}
	for _, b := range batches {
		n := int64(len(b.Types))
		if b.First > b.Last || b.First < end || n == 0 || n > 1 && b.Last-b.First != n-1 {
			return false
		}
		for _, t := range b.Types {
			if t < share.Gap || t > most || t == share.Renew && !renews {
				return false
			}
		}
		end = b.Last
	}
	return true
}

func ackBatch(first, last int64, types []int8) share.AckBatch {
	b := share.AckBatch{First: first, Last: last, DelayMs: -1, Types: make([]share.AckType, len(types))}
	for i, t := range types {
		b.Types[i] = share.AckType(t)
	}
	return b
}

// endShareSession ends a session and gives back what its member holds, once what was acknowledged counts. The answer to
// the request, which a says more of, waits for that.
func (h *Handlers) endShareSession(session *shareSession, a *acknowledgement) *acknowledgement {
	if a == nil {
		a = &acknowledgement{}
	}
	if h.shares.remove(session) {
		a.futures = append(a.futures, h.releaseAll(session)...)
	}
	return a
}

func (h *Handlers) releaseAll(session *shareSession) (released []*coordinator.Future[struct{}]) {
	for _, p := range session.partitions() {
		key := share.Key{Group: session.key.group, PartitionID: p.id}
		released = append(released, h.Shares.Release(key, session.key.member))
	}
	return released
}

// endShareSessions ends the sessions that were opened on a connection, which has ended.
func (h *Handlers) endShareSessions(conn int64) {
	for _, session := range h.shares.removeOf(conn) {
		if !h.ending.Load() {
			h.releaseAll(session)
		}
	}
}

func (a *acknowledgement) ready() bool {
	return a == nil || !slices.ContainsFunc(a.futures, func(f *coordinator.Future[struct{}]) bool {
		_, _, ok := f.Peek()
		return !ok
	})
}

// wait returns when all is durable, or with false when stop is closed before.
func (a *acknowledgement) wait(stop <-chan struct{}) bool {
	if a == nil {
		return true
	}
	for _, f := range a.futures {
		select {
		case <-f.Done():
		case <-stop:
			return a.ready()
		}
	}
	return true
}

// results tells what became of the acknowledgements, once all is durable.
func (a *acknowledgement) results() []ackResult {
	if a == nil {
		return nil
	}
	results := a.judged
	for i, id := range a.handed {
		_, err := a.futures[i].Result()
		r := ackResult{id: id, err: err}
		if err != nil {
			r.text = setting(err.Error())
		}
		results = append(results, r)
	}
	return results
}
