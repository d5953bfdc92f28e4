// Package kill ends the real program again and again, by kill -9 and by SIGTERM, while idempotent producers
// write, readers read and groups commit, and judges the whole history with package checker: nothing
// acknowledged is lost, nothing is there twice, no committed offset goes back, no created topic vanishes.
//
//	go test -tags kill ./tests/kill                      # 100 kills, and 25 more with commits under way
//	WEIR_KILLS=1000 go test -tags kill ./tests/kill      # a longer run of both
package kill
