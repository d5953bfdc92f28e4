// Package metrics counts what the broker does, for Prometheus to collect.
//
// Every series is made here, under names that begin with weir_. Labels take values from closed sets (API
// names, error codes, listeners) or from a bounded one (Topics): however many topics, clients or groups
// there are, the number of series stays the same.
package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// maxCodes bounds the error codes that are told apart: those of the protocol lie within it.
const maxCodes = 256

// Registry holds every series of one broker. Several brokers in one process have one each.
type Registry struct {
	prom *prometheus.Registry

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	errors   *prometheus.CounterVec
	in, out  *prometheus.CounterVec

	connections *prometheus.GaugeVec
	refused     *prometheus.CounterVec

	logBytes, logPartitions, logSegments prometheus.Gauge
	topicBytes                           *prometheus.GaugeVec
	offline                              prometheus.Gauge
}

// New makes a registry with all series at zero. version is the program's.
func New(version string) *Registry {
	api, listener := []string{"api"}, []string{"listener"}
	r := &Registry{
		prom:     prometheus.NewRegistry(),
		requests: counters("requests_total", "Requests served, by API.", api),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "weir_request_seconds",
			Help: "Time from a request's last byte read to its answer's last byte written, by API.",
			// 50 microseconds to 26 seconds, each bound double the one before.
			Buckets: prometheus.ExponentialBuckets(50e-6, 2, 20),
		}, api),
		errors:        counters("request_errors_total", "Error codes in answers, by API.", []string{"api", "code"}),
		in:            counters("request_bytes_total", "Bytes of requests, by API.", api),
		out:           counters("response_bytes_total", "Bytes of answers, by API.", api),
		connections:   gauges("connections", "Open connections, by listener.", listener),
		refused:       counters("connections_refused_total", "Connections refused at a limit, by listener.", listener),
		logBytes:      gauge("log_bytes", "Bytes of all logs."),
		logPartitions: gauge("log_partitions", "Partitions that this broker holds."),
		logSegments:   gauge("log_segments", "Segments of all logs."),
		topicBytes:    gauges("topic_bytes", "Bytes of the logs of the largest topics.", []string{"topic"}),
		offline:       gauge("log_partitions_offline", "Partitions offline because of damage or a failed disk."),
	}
	build := gauges("build_info", "Always 1; the label tells the version.", []string{"version"})
	build.WithLabelValues(version).Set(1)
	r.prom.MustRegister(r.requests, r.seconds, r.errors, r.in, r.out, r.connections, r.refused, r.logBytes,
		r.logPartitions, r.logSegments, r.topicBytes, r.offline, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Gatherer is what a collector reads.
func (r *Registry) Gatherer() prometheus.Gatherer { return r.prom }

// API counts the requests of one API. It is made once per API, so that counting looks nothing up.
type API struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
	in, out  prometheus.Counter
	errors   *prometheus.CounterVec // by code alone
}

// API returns the counter of an API by its name in the table of APIs.
func (r *Registry) API(name string) *API {
	a := &API{requests: r.requests.WithLabelValues(name), seconds: r.seconds.WithLabelValues(name),
		in: r.in.WithLabelValues(name), out: r.out.WithLabelValues(name)}
	a.errors = r.errors.MustCurryWith(prometheus.Labels{"api": name})
	return a
}

// Served counts one request: its size, its answer's size and the time it took.
func (a *API) Served(in, out int, took time.Duration) {
	a.requests.Inc()
	a.in.Add(float64(in))
	a.out.Add(float64(out))
	a.seconds.Observe(took.Seconds())
}

// Failed counts an error code of an answer. Codes that no protocol has count as -1.
func (a *API) Failed(code int16) {
	if code < 0 || code >= maxCodes {
		code = -1
	}
	a.errors.WithLabelValues(strconv.Itoa(int(code))).Inc()
}

// Connections sets how many connections a listener has.
func (r *Registry) Connections(listener string, open int) {
	r.connections.WithLabelValues(listener).Set(float64(open))
}

// Refused counts a connection that a limit has turned away.
func (r *Registry) Refused(listener string) { r.refused.WithLabelValues(listener).Inc() }
