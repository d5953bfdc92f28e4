package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
)

// backOff is how long a request waits before it is sent again; shorter than any client's, so that the broker is what is measured.
const backOff = time.Millisecond

// asker sends one request at a time and waits for its answer.
type asker struct {
	*conn
	number uint32
	frame  []byte
	body   []byte
}

func (d *Driver) newAsker(ctx context.Context) (*asker, error) {
	c, err := dial(ctx, d.target.Bootstrap)
	if err != nil {
		return nil, err
	}
	return &asker{conn: c.buffered(4 << 10)}, nil
}

// ask sends a request in a flexible version; into is its answer.
func (a *asker) ask(request kmsg.Request, into kmsg.Response) error {
	a.number++
	a.frame = append(appendHead(a.frame[:0], request.Key(), request.GetVersion()), 0) // no tags
	a.frame = request.AppendTo(a.frame)
	setHead(a.frame, 0, a.number)
	if _, err := a.Write(a.frame); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	n, err := a.readHead(a.number)
	if err != nil {
		return err
	}
	if n < 1 || n > 1<<20 {
		return fmt.Errorf("read answer: %d bytes", n)
	}
	if cap(a.body) < n {
		a.body = make([]byte, n)
	}
	a.body = a.body[:n]
	if _, err := io.ReadFull(a.in, a.body); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if err := into.ReadFrom(a.body[1:]); err != nil { // behind the tags, of which there are none
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

// introduce asks for the producer id of a transactional id, until the coordinator is up.
func (a *asker) introduce(ctx context.Context, id string) (producerID int64, epoch int16, err error) {
	request := kmsg.NewPtrInitProducerIDRequest()
	request.Version, request.TransactionalID, request.TransactionTimeoutMillis = initProducerVersion, &id, 60_000
	for {
		answer := request.ResponseKind().(*kmsg.InitProducerIDResponse)
		if err := a.ask(request, answer); err != nil {
			return 0, 0, err
		}
		err := kerr.ErrorForCode(answer.ErrorCode)
		if err == nil {
			return answer.ProducerID, answer.ProducerEpoch, nil
		}
		if !kerr.IsRetriable(err) && !errors.Is(err, kerr.ConcurrentTransactions) {
			return 0, 0, fmt.Errorf("init producer id: %w", err)
		}
		select {
		case <-ctx.Done():
			return 0, 0, errors.Join(context.Cause(ctx), err)
		case <-time.After(backOff): // nothing announces a coordinator
		}
	}
}

// Introduce makes a transactional id known.
func (a *asker) Introduce(ctx context.Context, id string) error {
	_, _, err := a.introduce(ctx, id)
	return err
}

// NewIntroducer opens a connection. The first waits until the coordinators of transactions are up on all shards.
func (d *Driver) NewIntroducer(ctx context.Context) (bench.Introducer, error) {
	return d.newTransactional(ctx)
}

// newTransactional opens a connection to the coordinator of all transactions: the target is the only broker.
func (d *Driver) newTransactional(ctx context.Context) (*asker, error) {
	a, err := d.newAsker(ctx)
	if err != nil {
		return nil, err
	}
	if d.transactional.Add(1) > 1 {
		return a, nil
	}
	// The first who looks for a coordinator makes the broker create its topic.
	for {
		found := d.admin.FindTxnCoordinators(ctx, "weir-bench-probe")
		if err = found.Error(); err == nil || !kerr.IsRetriable(err) || ctx.Err() != nil {
			break
		}
		time.Sleep(backOff)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("find coordinator of transactions: %w", err), a.Close())
	}
	for i := range probes {
		if err := a.Introduce(ctx, fmt.Sprintf("weir-bench-probe-%d", i)); err != nil {
			return nil, errors.Join(fmt.Errorf("wait for the coordinators of transactions: %w", err), a.Close())
		}
	}
	return a, nil
}
