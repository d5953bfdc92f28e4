// Package clients runs unmodified Kafka clients against Weir and against Apache Kafka, and checks what their
// users would notice: every codec, keys, headers, tombstones, 10 MB records, seeking by offset and time,
// groups whose members join, leave and die, static members, cooperative rebalances, commit and resume,
// transactions and fencing, restarts of the broker, and that what one client wrote all others read byte for byte. Kafka's command-line
// tools and Connect are run as well; what the tools say of groups is compared line by line.
//
// The clients live in agents, small programs in their own languages that take one JSON request per line and
// answer with one JSON line (agent_test.go has the operations); the checks are written once, here. An agent
// is a process of its own, so a member can die. `scripts/setup clients` makes them; then
//
//	go test -tags clients ./tests/clients                                    # all, against both brokers
//	go test -tags clients ./tests/clients -run 'TestClients/weir/sarama'     # one client against Weir
//
// Where a client cannot do a thing the client table (kinds_test.go) says so; nothing is skipped because a
// tool is missing.
package clients
