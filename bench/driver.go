package bench

import "context"

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
