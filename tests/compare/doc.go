// Package compare measures Weir beside Apache Kafka in one run on one machine: start, idle memory, and the workloads of bench in
// turn (A B A B ...). It prints figures and asserts none: machines differ and are noisy. `make bench` runs it.
package compare
