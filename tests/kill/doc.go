// Package kill ends the real program again and again, by kill -9 and by SIGTERM, while idempotent producers
// write, readers read and groups commit, and judges the whole history with package checker: nothing
// acknowledged is lost, nothing is there twice, no committed offset goes back, no created topic vanishes. Queues are worked off over
// Kafka's protocol and HTTP in every mode there is, by members that vanish: no record is lost or settled twice, delivery counts are right,
// dead letters are those that should be, keys keep their order, nothing comes before its time or after it.
//
//	go test -tags kill ./tests/kill                      # 100 kills, and 25 more with commits under way
//	WEIR_KILLS=1000 go test -tags kill ./tests/kill      # a longer run of all
//	WEIR_KILLS=200 go test -tags kill -run TestKillShare/ttl ./tests/kill   # of one mode of queues; order, delay, priority, ...
package kill
