package bench

import "time"

// Progress is the state of a run, told about five times a second while it runs and once more, with Done, when it is done.
type Progress struct {
	Target   string
	Workload Workload
	Run      int    // from 1; 0 and below are warm-up
	Runs     int    // counted runs that there will be of each target
	Peak     bool   // the run is one of those that look for the peak, of which there are Runs
	Phase    string // what the run does now: "fill", "write", "read" …
	Elapsed  time.Duration
	Fraction float64 // of the run that is done, 0 to 1; negative where it is not known

	// Totals of the run so far.
	Records, Bytes int64
	// Rates since the last Progress.
	RecordsPerSecond, BytesPerSecond float64
	// The 99th percentiles since the last Progress in microseconds; 0 where nothing was measured.
	AckP99, EndToEndP99 int64
	// The broker's cores in use since the last Progress (1 is a whole core) and its resident memory; negative where its process
	// is not known. ClientCPU is this process.
	BrokerCPU, ClientCPU float64
	RSSBytes             int64

	// Done is the run's result, on its last Progress only.
	Done *Result
}
