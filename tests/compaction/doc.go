// Package compaction writes the same keyed records to compacted topics of a Weir and of an Apache Kafka, waits until
// both are through, and compares what is left with the last value of each key (Kafka's LogCompactionTester). It needs
// the tag clients; WEIR_COMPACTION_RECORDS says how many records, for all topics together.
package compaction
