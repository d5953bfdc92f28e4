package bench

import (
	"time"
)

// Result is one run of one workload at one target. Figures that are not known are null or absent in JSON, never 0.
type Result struct {
	Target   string   `json:"target"`
	Run      int      `json:"run"` // from 1; 0 and below are warm-up
	Workload Workload `json:"workload"`
	// Records and Bytes (of keys and values, before compression) are what the workload is about: written, or for readers read, by
	// all clients together; Seconds is how long that took.
	Records int64   `json:"records"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// Written and Read are both sides of workloads that have both.
	Written Flow `json:"written"`
	Read    Flow `json:"read"`
	// Ack is the time from the moment a record was due to be sent until its acknowledgement, EndToEnd until a reader had it.
	// Without a rate a record is due when the producer takes it, and one in many is measured.
	Ack      *Latency `json:"ack,omitempty"`
	EndToEnd *Latency `json:"end_to_end,omitempty"`
	// Errors counts records that failed; such a run has an Error and is no figure.
	Errors int64  `json:"errors"`
	Error  string `json:"error,omitempty"`
	// Series is the run in steps of a tenth of a second.
	Series []Sample `json:"series,omitempty"`
	// Broker is what the broker's process used during the run; nil where it is not known.
	Broker *Usage `json:"broker,omitempty"`
	// ClientCPUSeconds is what this process used: where it is near Seconds times the cores it had, the client was the limit.
	ClientCPUSeconds float64 `json:"client_cpu_seconds"`
	// Phases are the parts of a workload that has several.
	Phases []Phase `json:"phases,omitempty"`
	// Figures are what only this workload measures.
	Figures []Figure `json:"figures,omitempty"`
	// Notes say in words how the run was done where that may differ: how the page cache was emptied, say.
	Notes []string `json:"notes,omitempty"`
}

// Flow is a number of records and their bytes.
type Flow struct {
	Records int64 `json:"records"`
	Bytes   int64 `json:"bytes"`
}

// Latency is a distribution of times in microseconds.
type Latency struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_us"`
	Min   int64   `json:"min_us"`
	P50   int64   `json:"p50_us"`
	P95   int64   `json:"p95_us"`
	P99   int64   `json:"p99_us"`
	P999  int64   `json:"p999_us"`
	Max   int64   `json:"max_us"`
	// HDR is the whole histogram in HdrHistogram's own compressed form (version 2, base64), as its tools read it.
	HDR string `json:"hdr,omitempty"`
}

// Sample is one step of a run's time series.
type Sample struct {
	At      float64 `json:"at"`      // seconds since the start, at the end of the step
	Records int64   `json:"records"` // acknowledged, or for readers received, in the step
	Bytes   int64   `json:"bytes"`
	// The 99th percentile of the step; 0 where nothing was measured in it.
	AckP99      int64 `json:"ack_p99_us,omitempty"`
	EndToEndP99 int64 `json:"end_to_end_p99_us,omitempty"`
	// The broker's side: CPU seconds used in the step and the resident memory at its end; 0 where it is not known.
	CPUSeconds float64 `json:"broker_cpu_seconds,omitempty"`
	RSSBytes   int64   `json:"broker_rss_bytes,omitempty"`
}

// Usage is what a broker's process used during a run.
type Usage struct {
	UserSeconds   float64 `json:"user_seconds"`
	SystemSeconds float64 `json:"system_seconds"`
	RSSBytes      int64   `json:"rss_bytes"`      // at the end of the run
	PeakRSSBytes  int64   `json:"peak_rss_bytes"` // the largest during the run
	// WrittenBytes and ReadBytes are what the process caused at the disk (write_bytes and read_bytes of /proc/PID/io: writing is
	// counted when a page becomes dirty); nil where the machine does not tell.
	WrittenBytes *int64 `json:"written_bytes"`
	ReadBytes    *int64 `json:"read_bytes"`
	// Flushes are those of the block device under the data directory, by every process; nil where it is not known.
	Flushes *int64 `json:"device_flushes"`
}

// CPUSeconds is user and system time.
func (u Usage) CPUSeconds() float64 { return u.UserSeconds + u.SystemSeconds }

// Phase is one part of a run.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Records int64   `json:"records,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	// CPUSeconds are the broker's; nil where its process is not known.
	CPUSeconds *float64 `json:"broker_cpu_seconds"`
	Ack        *Latency `json:"ack,omitempty"`
	EndToEnd   *Latency `json:"end_to_end,omitempty"`
}

// Figure is one number that a workload measured.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	// Better is "more" or "less"; "" where neither is.
	Better string `json:"better"`
}

// Machine is where a report was made.
type Machine struct {
	CPUs        int    `json:"cpus"`
	CPU         string `json:"cpu"` // model
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Kernel      string `json:"kernel"`
	MemoryBytes int64  `json:"memory_bytes"`
	Go          string `json:"go"`
}

// Report is one workload on all its targets. A comparison of many workloads is a list of Reports.
type Report struct {
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"` // how long all of it took
	Machine Machine   `json:"machine"`
	Config  Config    `json:"config"`
	Targets []Target  `json:"targets"`
	// Peak is what the rate was taken from where the Config asks for a share of the peak.
	Peak *Peak `json:"peak,omitempty"`
	// Results are the counted runs in the order in which they were done.
	Results []Result `json:"results"`
}

// Of gives a target's results in the order of their runs.
func (r *Report) Of(target string) []Result {
	var out []Result
	for _, m := range r.Results {
		if m.Target == target {
			out = append(out, m)
		}
	}
	return out
}
