package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
)

// shareWait is how long a member's fetch waits for records. The client sends acknowledgements in a fetch, or after the one that is
// under way, so it is also how long the last ones may wait.
const shareWait = 100 * time.Millisecond

// taker is a bench.Taker over franz-go: a member of a share group (KIP-932).
type taker struct {
	consumer
	mu     sync.Mutex
	failed error // mu guards it; of acknowledgements
}

// NewTaker joins a share group, which is told before to begin at the start.
func (d *Driver) NewTaker(ctx context.Context, topic, group string, c bench.Config, i int) (bench.Taker, error) {
	if d.raw {
		return nil, errors.New("a share group needs franz-go")
	}
	if err := d.shareFromStart(ctx, group); err != nil {
		return nil, err
	}
	t := &taker{}
	cl, err := kgo.NewClient(append(d.consumerOptions(c), kgo.ShareGroup(group), kgo.ConsumeTopics(topic), kgo.FetchMaxWait(shareWait),
		kgo.ClientID(fmt.Sprintf("bench-%d", i)), kgo.ShareAckCallback(t.answered))...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	t.cl = cl
	return t, nil
}

// shareFromStart sets where a share group begins that has read nothing: Kafka's default is the end.
func (d *Driver) shareFromStart(ctx context.Context, group string) error {
	earliest := "earliest"
	setting := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	setting.Name, setting.Value = "share.auto.offset.reset", &earliest
	of := kmsg.NewIncrementalAlterConfigsRequestResource()
	of.ResourceType, of.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	of.Configs = append(of.Configs, setting)
	alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
	alter.Resources = append(alter.Resources, of)
	answer, err := alter.RequestWith(ctx, d.client)
	if err == nil && len(answer.Resources) != 1 {
		err = errors.New("the answer is not for one group")
	}
	if err == nil {
		err = kerr.ErrorForCode(answer.Resources[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("set where share group %s begins: %w", group, err)
	}
	return nil
}

// answered is told what the broker says to acknowledgements.
func (t *taker) answered(_ *kgo.Client, results kgo.ShareAckResults) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = errors.Join(t.failed, results.Error())
}

// Take polls once. See bench.Taker.
func (t *taker) Take(ctx context.Context, each func(bench.Record) error) error {
	return t.Receive(ctx, each)
}

// Accept has every record of the last poll acknowledged.
func (t *taker) Accept(ctx context.Context) error {
	t.cl.MarkAcks(kgo.AckAccept)
	if err := t.cl.FlushAcks(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}
