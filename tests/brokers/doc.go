// Package brokers starts the brokers that whole-system tests talk to: a Weir, built from this tree, and an
// Apache Kafka, from the jars that `scripts/setup kafka` fetches. Both run as child processes on ports of
// 127.0.0.1 and end with the test.
//
// WEIR_BIN names a binary to run instead of a fresh build, WEIR_KAFKA_LIBS and WEIR_KAFKA_TOOLS directories of jars
// other than .cache/kafka/broker and .cache/kafka/tools.
package brokers
