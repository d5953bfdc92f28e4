package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"weir/coordinator"
	"weir/metadata"
	"weir/partition"
	"weir/share"
)

// Deliveries names the deliveries that a request is about, by their receipts.
type Deliveries struct {
	Receipt  string       `json:"receipt,omitempty" doc:"One."`
	Receipts list[string] `json:"receipts,omitempty" maxItems:"1000" nullable:"false" doc:"Or several."`
}

type ackBody struct{ Deliveries }

type nackBody struct {
	Deliveries
	DelayMs *int64 `json:"delay_ms,omitempty" minimum:"0" doc:"Not delivered again before so much time has passed; the group's backoff when it is not there."`
	Reject  bool   `json:"reject,omitempty" doc:"Never to be delivered again: the message goes to the dead letters if the group has those."`
}

type extendBody struct {
	Deliveries
	VisibilityMs *int64 `json:"visibility_ms,omitempty" minimum:"1" maximum:"43200000" doc:"For how long from now; share.record.lock.duration.ms of the group when it is not there."`
}

type settleInput struct {
	Topic   string `path:"topic" maxLength:"249"`
	Receipt string `query:"receipt" doc:"One receipt, instead of a body."`
	RawBody []byte
}

// settled is what became of one message.
type settled struct {
	Receipt string           `json:"receipt"`
	Error   *huma.ErrorModel `json:"error,omitempty" doc:"Why it was not done; not there if it was."`
}

type settledAll struct {
	Results []settled `json:"results"`
}

func (d *Door) addSettle(api huma.API) {
	add := func(op huma.Operation, done string, decode func(body []byte, receipt string) ([]string, settlement, error)) {
		gives[settledAll](api, &op, http.StatusOK, done)
		gives[settledAll](api, &op, http.StatusMultiStatus, "It could not be done for some of several messages; results tells which.")
		register(api, op, func(ctx context.Context, in *settleInput) (*answer, error) {
			return d.serveSettle(ctx, in, decode)
		})
	}
	op := d.post("ack", "/ack", "Acknowledge messages", "They are done, and will not be delivered again. The answer comes when that is durable.")
	takes[ackBody](api, &op, false, false)
	add(op, "All are acknowledged.", decodeAck)
	op = d.post("nack", "/nack", "Give messages back", "They are to be delivered again, at once or later, or never again.")
	takes[nackBody](api, &op, false, false)
	add(op, "All are given back.", decodeNack)
	op = d.post("extend", "/extend", "Hold messages for longer", "The time for which they are held begins anew.")
	takes[extendBody](api, &op, false, false)
	add(op, "All are held.", decodeExtend)
}

// settlement is what is to become of messages.
type settlement struct {
	kind         share.AckType
	delayMs      int64  // of share.AckBatch
	visibilityMs *int64 // of Renew; nil for the group's
}

func decodeAck(body []byte, one string) ([]string, settlement, error) {
	var b ackBody
	all, err := decodeSettle(body, one, &b, &b.Deliveries)
	return all, settlement{kind: share.Accept}, err
}

func decodeNack(body []byte, one string) ([]string, settlement, error) {
	var b nackBody
	all, err := decodeSettle(body, one, &b, &b.Deliveries)
	s := settlement{kind: share.Release, delayMs: -1}
	if b.DelayMs != nil {
		s.delayMs = *b.DelayMs
	}
	if b.Reject {
		s.kind = share.Reject
	}
	switch {
	case err != nil:
	case b.DelayMs != nil && *b.DelayMs < 0:
		err = invalid("body.delay_ms", "must not be negative")
	case b.DelayMs != nil && b.Reject:
		err = invalid("body.delay_ms", "what is rejected is not delivered again")
	}
	return all, s, err
}

func decodeExtend(body []byte, one string) ([]string, settlement, error) {
	var b extendBody
	all, err := decodeSettle(body, one, &b, &b.Deliveries)
	if err == nil && b.VisibilityMs != nil {
		_, err = visibility("body.visibility_ms", *b.VisibilityMs)
	}
	return all, settlement{kind: share.Renew, visibilityMs: b.VisibilityMs}, err
}

// decodeSettle reads a body, which may be left out when a receipt stands in the query, and gives the receipts of both.
func decodeSettle(body []byte, one string, v any, r *Deliveries) ([]string, error) {
	if len(body) > 0 || one == "" {
		if err := decode(body, v); err != nil {
			return nil, err
		}
	}
	all := []string(r.Receipts)
	for _, receipt := range []string{r.Receipt, one} {
		if receipt != "" {
			all = append(all, receipt)
		}
	}
	switch {
	case len(all) == 0:
		return nil, invalid("body.receipts", "there is none")
	case len(all) > maxMessages:
		return nil, invalid("body.receipts", fmt.Sprintf("there are more than %d", maxMessages))
	}
	return all, nil
}

func (d *Door) serveSettle(ctx context.Context, in *settleInput, decode func([]byte, string) ([]string, settlement, error)) (*answer, error) {
	all, what, err := decode(in.RawBody, in.Receipt)
	if err != nil {
		return nil, d.failed(err)
	}
	topic, err := d.topic(ctx, in.Topic)
	if err != nil {
		return nil, d.failed(err)
	}
	results := d.settle(ctx, topic, all, what)
	failures := 0
	for i := range results {
		if results[i].Error != nil {
			failures++
		}
	}
	if len(results) == 1 && failures == 1 {
		return nil, d.failed(results[0].Error)
	}
	return told(statusOf(failures), settledAll{Results: results}), nil
}

// handful is receipts of one delivery: of one partition, one group and one receive.
type handful struct {
	key     share.Key
	member  string
	offsets []int64
	places  []int                              // of the offsets in the request
	before  *coordinator.Future[share.Offsets] // nil for Accept
	done    *coordinator.Future[struct{}]
}

// settle does one thing to many messages, and returns when it is durable. Each is judged for itself.
func (d *Door) settle(ctx context.Context, topic *metadata.Topic, all []string, what settlement) []settled {
	results := make([]settled, len(all))
	type delivery struct {
		key    share.Key
		member string
	}
	found := make(map[delivery]*handful)
	var handfuls []*handful
	for i, text := range all {
		results[i].Receipt = text
		r, ok := parseReceipt(text)
		if !ok || int(r.partition) >= len(topic.Partitions) {
			results[i].Error = problem(http.StatusBadRequest, "This is no receipt of a message of %s.", topic.Name)
			continue
		}
		of := delivery{share.Key{Group: r.group, PartitionID: metadata.PartitionID{Topic: topic.ID, Index: r.partition}}, r.member}
		h := found[of]
		if h == nil {
			h = &handful{key: of.key, member: of.member}
			found[of] = h
			handfuls = append(handfuls, h)
		}
		h.offsets, h.places = append(h.offsets, r.offset), append(h.places, i)
	}
	keys := make([]share.Key, len(handfuls))
	for i, h := range handfuls {
		keys[i] = h.key
	}
	d.awaitLoaded(ctx, keys)
	for _, h := range handfuls {
		if what.kind != share.Accept {
			h.before = d.Shares.Offsets(h.key)
		}
		h.done = d.acknowledge(h, h.offsets, what)
	}
	for _, h := range handfuls {
		_, all := h.done.Result()
		for n, i := range h.places {
			err := all
			if err != nil && len(h.offsets) > 1 { // one of them, or all
				_, err = d.acknowledge(h, h.offsets[n:n+1], what).Result()
			}
			if err == nil && h.before != nil {
				err = gone(h.before, h.offsets[n])
			}
			if errors.Is(err, partition.ErrUnknown) || d.nobodyReceived(err) {
				err = share.ErrInvalidRecordState
			}
			if err != nil {
				results[i].Error = d.problemOf(err)
			}
		}
	}
	return results
}

// nobodyReceived tells that there is no state because no group has any.
func (d *Door) nobodyReceived(err error) bool {
	return errors.Is(err, coordinator.ErrNotCoordinator) && !d.Handlers.HasShareTopic()
}

// gone tells of a message that was settled long ago: the group's state has forgotten who held it, and refuses nothing there.
func gone(before *coordinator.Future[share.Offsets], offset int64) error {
	was, err := before.Result()
	if err == nil && offset < was.Start {
		return share.ErrInvalidRecordState
	}
	return err
}

// acknowledge hands offsets over to the group's state.
func (d *Door) acknowledge(h *handful, offsets []int64, what settlement) *coordinator.Future[struct{}] {
	settings := d.Handlers.ShareSettings(h.key.Group)
	if what.kind == share.Renew {
		if !settings.Renew {
			return coordinator.Completed(struct{}{}, error(problem(http.StatusForbidden,
				"Group %s has share.renew.acknowledge.enable=false.", h.key.Group)))
		}
		if what.visibilityMs != nil {
			settings.LockDuration, _ = visibility("", *what.visibilityMs) // was checked
		}
	}
	offsets = slices.Compact(slices.Sorted(slices.Values(offsets)))
	var batches []share.AckBatch
	for _, offset := range offsets {
		if n := len(batches); n > 0 && batches[n-1].Last+1 == offset {
			batches[n-1].Last = offset
			continue
		}
		batches = append(batches, share.AckBatch{First: offset, Last: offset, Types: []share.AckType{what.kind}, DelayMs: what.delayMs})
	}
	return d.Shares.Acknowledge(share.AcknowledgeRequest{Key: h.key, Member: h.member, Settings: settings, Batches: batches})
}
