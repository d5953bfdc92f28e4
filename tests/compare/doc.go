// Package compare prints how soon Weir and Apache Kafka start and what they hold when idle; it asserts no figure, since machines
// differ and are noisy. `make bench` runs it before the workloads.
//
// Beside that it tries the brokers that `weir bench compare` starts, and their drivers, on a little of each workload; `make
// compare-test` installs them and runs that.
package compare
