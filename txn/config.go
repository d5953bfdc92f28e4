package txn

import "time"

// Versions of the protocol that a client follows (TransactionVersion.java).
const (
	// Announced is for clients that add partitions before they write to them.
	Announced int16 = 1
	// Bumped is for clients whose epoch rises at every end (KIP-890).
	Bumped int16 = 2
)

// Config holds the settings of transactions, named as Kafka names them. Zero values are replaced by defaults,
// Kafka's unless said otherwise.
type Config struct {
	// StatePartitions is the number of partitions of __transaction_state: of the topic if it exists, else
	// transaction.state.log.num.partitions.
	StatePartitions int32
	// LoadBufferBytes is how much a loading shard reads at once (transaction.state.log.load.buffer.size).
	LoadBufferBytes int
	// MaxTimeoutMs bounds the timeout that a producer may ask for (transaction.max.timeout.ms).
	MaxTimeoutMs int32
	// IDExpiration is how long an idle transactional id is kept (transactional.id.expiration.ms).
	IDExpiration time.Duration
	// ExpiryInterval is how often idle ones are looked for
	// (transaction.remove.expired.transaction.cleanup.interval.ms).
	ExpiryInterval time.Duration
	// AbortInterval is how far apart are the moments at which transactions that have run for too long are aborted
	// (transaction.abort.timed.out.transaction.cleanup.interval.ms); by default they are at once.
	AbortInterval time.Duration
	// BatchMaxBytes bounds one record, and so the partitions of one transaction: max.message.bytes of the
	// topic.
	BatchMaxBytes int
}

func (c Config) withDefaults() Config {
	if c.StatePartitions == 0 {
		c.StatePartitions = 50
	}
	if c.LoadBufferBytes == 0 {
		c.LoadBufferBytes = 5 << 20
	}
	if c.MaxTimeoutMs == 0 {
		c.MaxTimeoutMs = 900_000
	}
	if c.IDExpiration == 0 {
		c.IDExpiration = 7 * 24 * time.Hour
	}
	if c.ExpiryInterval == 0 {
		c.ExpiryInterval = time.Hour
	}
	if c.AbortInterval < time.Millisecond {
		c.AbortInterval = time.Millisecond
	}
	if c.BatchMaxBytes == 0 {
		c.BatchMaxBytes = 1 << 20
	}
	return c
}

// parkMax is how long a request waits for the end of the transaction before its own, before its client is told
// to come again.
const parkMax = 2 * time.Second

// parkedMax bounds the requests that wait so for one transactional id; a client has one at a time.
const parkedMax = 8
