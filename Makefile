# What can be done here; `make` alone lists it.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN     := bin/weir
LISTEN  ?= 127.0.0.1:9092
DATA    ?= ./data
COMMIT  := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.commit=$(COMMIT)
# Where scripts/setup puts Apache Kafka: its broker and newest client, and the newest complete set of its tools.
KAFKA   := $(CURDIR)/.cache/kafka
# How the whole run tests: lint has vetted everything before.
GOTEST  := go test -vet=off
# Build tags of the tests that need brokers and clients beside the Go toolchain.
TAGS    := clients,kill,compare

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.PHONY: build
build: ## build bin/weir, one static binary
	@scripts/setup go
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/weir

.PHONY: run
run: build ## build and serve on 127.0.0.1:9092 with data in ./data (LISTEN=, DATA=)
	@printf '%s\n' \
	  'Three commands to try in another terminal:' \
	  '  $(BIN) topic create hello --bootstrap $(LISTEN)' \
	  '  echo "hello weir" | $(BIN) produce hello --bootstrap $(LISTEN)' \
	  '  $(BIN) consume hello --bootstrap $(LISTEN) --from start' ''
	@exec $(BIN) serve --set listeners=PLAINTEXT://$(LISTEN) --set log.dirs=$(DATA)

.PHONY: demo
demo: build ## show a broker at work on a month of flight departures
	$(BIN) demo

.PHONY: check
check: lint ## the quick loop: format, vet, staticcheck, build, unit tests with the race detector
	@scripts/setup curl
	go test -race -short $$(go list ./... | grep -v /tests/crash$$)
	go test -short ./tests/crash

.PHONY: lint
lint: ## format, vet and staticcheck over everything, and a build
	@scripts/setup go
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "gofmt wants to change:" $$unformatted; exit 1; }
	go vet -tags $(TAGS) ./...
	go tool staticcheck -tags $(TAGS) ./...
	go build ./...
	cd tests/clients/goagent && go vet ./...

.PHONY: test
test: lint ## set up and pass everything: unit, oracle, clients, kill -9, demo
	@scripts/setup clients
	WEIR_KAFKA_LIBS=$(KAFKA)/tools $(GOTEST) -race -timeout 30m $$(go list ./... | grep -vE '/tests/(oracle|crash|mutants)$$')
	# Beside each other: sweeps of one goroutine, which the race detector would only make slow, and what waits for brokers.
	WEIR_KAFKA_LIBS=$(KAFKA)/broker $(GOTEST) -tags kill -p 3 -timeout 30m ./tests/crash ./tests/mutants ./tests/oracle ./tests/kill ./tests/transactions
	$(GOTEST) -tags clients -parallel 4 -timeout 30m ./tests/clients
	$(GOTEST) -tags clients -timeout 10m ./tests/compaction
	@$(MAKE) --no-print-directory demo

.PHONY: oracle
oracle: ## compare Weir's answers with Apache Kafka's, request by request (WEIR_MODEL_SEEDS=500 for more scripts of groups and share groups)
	@scripts/setup go kafka
	WEIR_KAFKA_LIBS=$(KAFKA)/broker go test -count=1 -timeout 20m ./tests/oracle/...

.PHONY: clients
clients: ## every client and Kafka's tools against Weir and Apache Kafka (RUN=TestClients/weir/java)
	@scripts/setup go clients
	go test -tags clients -parallel 4 -count=1 -timeout 30m -v ./tests/clients -run '$(RUN)'

.PHONY: kill
kill: ## kill -9 and SIGTERM of the real binary under load (WEIR_KILLS=1000 for more); RUN=TestKillShare/ttl for one way to use queues
	@scripts/setup go
	go test -tags kill -count=1 -timeout 60m -v ./tests/kill -run '$(RUN)'

.PHONY: transactions
transactions: ## random transactions while Weir and clients are killed, answers lost and requests held back up to 30 s; the history is judged
	@scripts/setup go
	WEIR_TXN_KILLS=$(or $(WEIR_TXN_KILLS),200) WEIR_TXN_LATE=$(or $(WEIR_TXN_LATE),500) WEIR_TXN_DELAY=30s go test -tags kill -count=1 -timeout 30m -v ./tests/transactions

.PHONY: streams-kills
streams-kills: ## kill -9 of Weir and of a Kafka Streams application in turn while lines come in; every word counted exactly (WEIR_STREAMS_KILLS=20)
	@scripts/setup go clients
	WEIR_STREAMS_KILLS=$(or $(WEIR_STREAMS_KILLS),20) go test -tags clients -count=1 -timeout 30m -v ./tests/clients -run TestStreamsKills

.PHONY: compaction
compaction: ## keyed records in 5 codecs, compacted by Weir and by Apache Kafka, equal the last values; times and CPU (RECORDS=10000000)
	@scripts/setup go kafka
	WEIR_COMPACTION_RECORDS=$(RECORDS) go test -tags clients -count=1 -timeout 60m -v ./tests/compaction

.PHONY: fuzz
fuzz: ## fuzz every target for 10 s (FUZZTIME=1m for more)
	@scripts/setup go
	@scripts/fuzz $(or $(FUZZTIME),10s)

.PHONY: bench
bench: build ## Weir beside Apache Kafka and the limit, every workload of bench/suites/kafka.yaml; bench.html (ARGS='--runs 3')
	@scripts/setup kafka
	go test -tags compare -count=1 -v -timeout 10m ./tests/compare -run TestStarts
	$(BIN) bench compare --brokers weir,weir-nosync,kafka,limit --config bench/suites/kafka.yaml --html bench.html $(ARGS)

.PHONY: bench-groups
bench-groups: build ## Weir beside Apache Kafka at the workloads of bench/suites/groups.yaml, and how soon a million offsets are served
	@scripts/setup kafka
	$(BIN) bench compare --brokers weir,kafka --config bench/suites/groups.yaml $(ARGS)
	go test -tags compare -count=1 -v -timeout 20m ./tests/compare -run TestServesOffsets

.PHONY: bench-transactions
bench-transactions: build ## Weir beside Apache Kafka at the workloads of bench/suites/transactions.yaml, and how soon 100,000 transactional ids are served
	@scripts/setup kafka
	$(BIN) bench compare --brokers weir,kafka --config bench/suites/transactions.yaml $(ARGS)
	go test -tags compare -count=1 -v -timeout 20m ./tests/compare -run TestServesTransactionalIDs

.PHONY: bench-share
bench-share: build ## Weir beside Apache Kafka, NATS, RabbitMQ's quorum queues and Redis at bench/suites/share.yaml: four consumers that acknowledge
	@scripts/setup brokers
	$(BIN) bench compare --brokers weir,kafka,nats,nats-sync,rabbitmq-quorum,redis-sync --config bench/suites/share.yaml $(ARGS)

.PHONY: bench-compare
bench-compare: ## the Go benchmarks of REF= beside those of the working tree (PKG=./log BENCH=Append COUNT=6 BENCHTIME=1s PROFILE=DIR)
	@scripts/setup go
	@PKG='$(PKG)' BENCH='$(BENCH)' COUNT='$(COUNT)' BENCHTIME='$(BENCHTIME)' PROFILE='$(PROFILE)' scripts/bench-compare '$(REF)'

.PHONY: bench-profile
bench-profile: ## one round of the Go benchmarks with CPU, memory, block and mutex profiles in PROFILE=.cache/profiles (PKG= BENCH=)
	@scripts/setup go
	@PKG='$(PKG)' BENCH='$(BENCH)' COUNT=1 BENCHTIME='$(BENCHTIME)' PROFILE='$(or $(PROFILE),.cache/profiles)' scripts/bench-compare HEAD

.PHONY: compare
compare: build ## Weir beside Kafka, NATS, RabbitMQ, Redis and the limit: install them, run all in turn (ARGS='--brokers weir,kafka --workload small')
	@scripts/setup brokers
	$(BIN) bench compare $(ARGS)

.PHONY: compare-test
compare-test: ## every broker that `weir bench compare` starts, and its driver, on a little of each workload
	@scripts/setup go brokers
	go test -tags compare -count=1 -timeout 10m ./tests/compare -run 'TestRivals|TestUnsupported|TestNobodyReads|TestAbsent'

.PHONY: clean
clean: ## remove what was built or fetched; data stays
	rm -rf bin .cache tests/clients/node/node_modules
