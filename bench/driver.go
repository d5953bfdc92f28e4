package bench

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrUndriven is the error of a Driver for a workload or a size that its protocol, or its client, has no means for.
var ErrUndriven = errors.New("not driven in this broker's protocol")

// Record is one message on its way to a broker or back.
type Record struct {
	Key, Value []byte
	Partition  int32 // -1 when the key, or the driver, chooses
}

// Driver speaks one broker's protocol to one broker for one run. The workloads know nothing else of a broker.
type Driver interface {
	// Prepare makes the topic of a run (a stream, a queue) with its partitions; Remove deletes it.
	Prepare(ctx context.Context, topic string, c Config) error
	Remove(ctx context.Context, topic string) error
	// NewProducer and NewConsumer make the i-th client of a run; each client is used by one goroutine.
	NewProducer(ctx context.Context, topic string, c Config, i int) (Producer, error)
	NewConsumer(ctx context.Context, topic string, c Config, i int) (Consumer, error)
	Close() error
}

// Producer sends records.
type Producer interface {
	// Send hands over one record, whose bytes stay the caller's to read; done is called exactly once, from any goroutine, when
	// the broker has acknowledged the record or it has failed. Send waits while the client's own buffer is full.
	Send(ctx context.Context, r Record, done func(error))
	// Flush returns when everything that was sent is done.
	Flush(ctx context.Context) error
	Close() error
}

// Consumer receives records in the order in which the broker gives them.
type Consumer interface {
	// Receive waits for at least one record and calls each with every record that is there; the bytes are valid until each
	// returns. An error of each ends it and is returned.
	Receive(ctx context.Context, each func(Record) error) error
	Close() error
}

// Opener makes the Driver for a target by its kind.
type Opener func(ctx context.Context, t Target, c Config) (Driver, error)

// BatchProducer is a Producer that also sends batches which it made before the clock started, so that the load costs little CPU
// and the broker is the limit. Where a producer is one, workloads that need no stamp in the record send by it.
type BatchProducer interface {
	Producer
	// SendBatch sends the next batch and says how many records, and bytes of keys and values, are in it; done is called exactly
	// once a batch, from any goroutine. It waits while Config.InFlight batches are unanswered.
	SendBatch(ctx context.Context, done func(error)) (records, bytes int)
}

// BatchConsumer is a Consumer that also counts records without taking batches apart.
type BatchConsumer interface {
	Consumer
	// ReceiveBatches waits for at least one record and gives the number of records that came, and the bytes that carried them.
	ReceiveBatches(ctx context.Context) (records, bytes int, err error)
}

// Counter is a Driver that can say how many records a topic holds: a run that wrote asks it whether all of them arrived.
type Counter interface {
	Count(ctx context.Context, topic string) (int64, error)
}

// Grouper is a Driver whose consumers can share a topic as members of a group.
type Grouper interface {
	// NewMember joins the group as its i-th member; it begins at the topic's start where the group has committed nothing.
	NewMember(ctx context.Context, topic, group string, c Config, i int) (Member, error)
}

// Member is a Consumer in a group. Closing it leaves the group.
type Member interface {
	Consumer
	// Owned is how many partitions the member has now; any goroutine may ask.
	Owned() int
}

// Idler is a Driver that can open connections that do nothing.
type Idler interface {
	// Connect opens one connection and has the broker answer once on it, so that the broker knows it.
	Connect(ctx context.Context) (io.Closer, error)
}

// Crowder is a Driver that can play members of consumer groups by requests made by hand, many members over one connection, so that
// the load is light and the broker is what is measured.
type Crowder interface {
	// NewCrowd opens a connection for members that read the topics.
	NewCrowd(ctx context.Context, topics []string) (Crowd, error)
}

// Crowd is members that share one connection. Closing it does not take them out of their groups.
type Crowd interface {
	// Add makes a member of a group, which says nothing yet.
	Add(group string) Attendee
	Close() error
}

// Attendee is one member. It may have several requests unanswered; done is called exactly once for each, in order, and must not wait.
type Attendee interface {
	// Beat sends the next heartbeat: the first joins, and where the member has news it tells them.
	Beat(done func(error))
	// Commit commits the next offset of every partition that the member has.
	Commit(done func(error))
	// Leave takes the member out of its group.
	Leave(done func(error))
	// Holding is what the member has; any goroutine may ask.
	Holding() Holding
}

// Holding is what a member of a group has.
type Holding struct {
	Partitions int
	// GivenUp counts the partitions that the member was told to give up since it joined.
	GivenUp int
	// News says that the broker does not know yet that the member has taken or given up what it was told to.
	News bool
	// BeatAfter is how long after an answer the broker wants the next heartbeat.
	BeatAfter time.Duration
}

// Transactor is a Driver for a broker that has transactions over its topics.
type Transactor interface {
	// NewTransactionWriter makes the i-th producer of transactions of Config.TransactionRecords records, with an id of its own.
	NewTransactionWriter(ctx context.Context, topic string, c Config, i int) (TransactionWriter, error)
	// NewProcessor makes the i-th member of a group that copies what it reads from one topic to another.
	NewProcessor(ctx context.Context, from, to, group string, c Config, i int) (Processor, error)
	// NewIntroducer opens a connection on which transactional ids are made known.
	NewIntroducer(ctx context.Context) (Introducer, error)
}

// Transaction is what one transaction did.
type Transaction struct {
	Records, Bytes int           // that were written; Bytes of keys and values
	Commit         time.Duration // from when the commit was sent until its answer
	Again          int           // requests that were sent again since the broker was not yet done with the transaction before
}

// TransactionWriter writes transactions one after the other; one goroutine uses it.
type TransactionWriter interface {
	// Transact writes one transaction and returns when its commit is acknowledged.
	Transact(ctx context.Context) (Transaction, error)
	Close() error
}

// Processor copies records in transactions; one goroutine uses it.
type Processor interface {
	// Process copies what comes for so long and commits the copies with the offsets. A transaction that was aborted, since partitions
	// moved to another member, gives no records.
	Process(ctx context.Context, length time.Duration) (Transaction, error)
	Close() error
}

// Introducer makes transactional ids known to a broker; one goroutine uses it.
type Introducer interface {
	Introduce(ctx context.Context, id string) error
	Close() error
}

// Sharer is a Driver for a broker that gives the records of a topic to the members of a group one by one, whichever partition they
// are in, and is told of each what became of it.
type Sharer interface {
	// NewTaker joins the group as its i-th member; the group begins at the topic's start.
	NewTaker(ctx context.Context, topic, group string, c Config, i int) (Taker, error)
}

// Taker is a member of such a group; one goroutine uses it. Closing it leaves the group.
type Taker interface {
	// Take waits for at least one record and calls each with every record that is there; the bytes are valid until each returns.
	Take(ctx context.Context, each func(Record) error) error
	// Accept acknowledges each record of the last Take as done, and returns when the broker has answered for all of them, or when
	// that is sent where the Taker is Unanswered.
	Accept(ctx context.Context) error
	Close() error
}

// Unanswered is a Taker of a protocol in which acknowledgements have no answer.
type Unanswered interface {
	Taker
	// Seen has the member take no more, and returns when the broker has done what the acknowledgements that were sent ask.
	Seen(ctx context.Context) error
}

// Emptier is a Driver that can say how many records a topic holds that are not accepted, once all its takers are closed: the answer
// that an Unanswered did not get.
type Emptier interface {
	Left(ctx context.Context, topic string) (int64, error)
}
