// Package oracle compares Weir with an Apache Kafka: a generated list of requests, valid and invalid, goes to
// both over raw sockets, and their answers must have the same error codes and the same meaningful fields.
//
// A scenario is a Go function that talks to one broker; it is run against both, once per protocol version,
// and what it recorded is compared line by line after ids, hosts, sizes and clocks are replaced by words.
// Where Weir means to differ, known_test.go says so with a reason; an entry that no longer differs
// fails the test.
//
// The test needs an Apache Kafka 4.4. One of
//
//	WEIR_KAFKA_LIBS=/path/to/kafka/libs go test ./tests/oracle
//	ORACLE_BOOTSTRAP=127.0.0.1:9092 go test ./tests/oracle
//
// either starts one from that directory of jars on a free port, or asks the one that runs there. Without both
// the test is skipped and says so. ORACLE_SUBJECT=host:port compares another broker instead of a Weir in this
// process, without the list; ORACLE_SUBJECT=kafka starts a second Apache Kafka: two of them must come out
// equal, which is how the comparison itself is checked. ORACLE_ONLY=19/configs runs the scenarios with that
// in their name, and ORACLE_DUMP=file writes down everything that the Kafka answered.
//
// TestGroupModel plays random scripts of groups' members at both brokers; TestGroupsFromKafka and TestGroupsToKafka have
// each take over the groups of the other by its records. They start brokers of their own, with short sessions.
// TestShareModel plays random scripts of share groups' members, who fetch and settle records.
// WEIR_MODEL_SEEDS=500 plays more scripts than those of every run, WEIR_MODEL_SEED=92 one again, WEIR_MODEL_STEPS=200
// longer ones; ORACLE_SUBJECT=kafka compares two Apache Kafkas here too.
package oracle
