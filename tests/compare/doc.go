// Package compare measures Weir beside Apache Kafka in one run on one machine: start, idle memory, and the workloads of bench in
// turn (A B A B ...). It prints figures and asserts none: machines differ and are noisy. `make bench` runs it.
//
// Beside that it tries the brokers that `weir bench compare` starts, and their drivers, on a little of each workload; `make
// compare-test` installs them and runs that.
package compare
