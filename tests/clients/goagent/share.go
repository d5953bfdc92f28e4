package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// franzSharer is one member of a share group, which does what it is told and nothing in between.
type franzSharer struct {
	client *kgo.Client
	held   map[string]*kgo.Record // of the last poll, by partition and offset

	mu     sync.Mutex
	failed error // mu guards it; of acknowledgements
}

func (f *franz) shareOpen(q request) error {
	s := &franzSharer{}
	opts := []kgo.Opt{kgo.ShareGroup(q.Group), kgo.ConsumeTopics(q.Topic),
		kgo.ShareAckCallback(func(_ *kgo.Client, results kgo.ShareAckResults) {
			if err := results.Error(); err != nil {
				s.mu.Lock()
				s.failed = err
				s.mu.Unlock()
			}
		})}
	if q.Max > 0 {
		opts = append(opts, kgo.ShareMaxRecords(int32(q.Max)), kgo.ShareMaxRecordsStrict())
	}
	cl, err := f.open(opts...)
	if err != nil {
		return err
	}
	s.client = cl
	if f.sharers == nil {
		f.sharers = map[string]*franzSharer{}
	}
	f.sharers[q.Member] = s
	return nil
}

// sharePoll takes what comes within a time, once something has come.
func (f *franz) sharePoll(q request) (answer, error) {
	s := f.sharers[q.Member]
	ctx, cancel := context.WithTimeout(context.Background(), q.wait())
	defer cancel()
	a := answer{Records: []rec{}}
	s.held = map[string]*kgo.Record{}
	s.client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
		s.held[fmt.Sprint(r.Partition, " ", r.Offset)] = r
		out := fromFranz(r)
		out.N = int(r.DeliveryCount())
		a.Records = append(a.Records, out)
	})
	return a, nil
}

// shareAck acknowledges records of the last poll, and returns when the broker has answered.
func (f *franz) shareAck(q request) error {
	s := f.sharers[q.Member]
	kinds := map[string]kgo.AckStatus{"accept": kgo.AckAccept, "release": kgo.AckRelease, "reject": kgo.AckReject, "renew": kgo.AckRenew}
	for _, a := range q.Acks {
		s.client.MarkAcks(kinds[a.Type], s.held[fmt.Sprint(a.P, " ", a.O)])
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := s.client.FlushAcks(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.failed
	s.failed = nil
	return err
}

func (f *franz) shareClose(q request) error {
	f.sharers[q.Member].client.Close()
	delete(f.sharers, q.Member)
	return nil
}
