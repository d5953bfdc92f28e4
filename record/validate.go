package record

// Rules are the limits a batch has to keep: the topic's settings and what is
// known of the sender.
type Rules struct {
	MaxBytes        int   // max.message.bytes; 0 or less for no bound
	MaxDecompressed int64 // max.decompressed.message.bytes; 0 or less for no bound
	TimestampType   TimestampType
	BeforeMaxMs     int64 // message.timestamp.before.max.ms
	AfterMaxMs      int64 // message.timestamp.after.max.ms
	NowMs           int64 // the broker's time in ms since the Unix epoch
	RequireKeys     bool  // a compacted topic: every record needs a key
	FromClient      bool  // refuse control batches and check sequences
	Compression     Compression
}

// Validate checks the one batch that raw must hold.
func Validate(raw []byte, r Rules) (Batch, error) { panic("unwritten") }
