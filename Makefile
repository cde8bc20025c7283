# Type "make" for a list of what there is.

GO       ?= go
PREFIX   ?= /usr/local
UNITDIR  ?= /etc/systemd/system
FUZZTIME ?= 10s
SOAK     ?= 20m
BENCH    ?= .
COUNT    ?= 6
# Tests with servers of their own want room: two packages at a time, and an end to what hangs. Of those in a
# package four, for most of the time they wait.
TESTFLAGS ?= -p 2 -parallel 4 -timeout 15m

OUT := build

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build test deps lint unit race cover fuzz soak bench bench-go install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the daemon: build/iqd
	$(GO) build -trimpath -o $(OUT)/iqd ./cmd/iqd

# CI: here a server that is missing is a failure, and no reason to skip.
test: export CI := 1
test: deps lint race cover fuzz ## everything: install what is missing (as root), lint, race, cover, fuzz

deps: ## install the Debian packages that the tests need
	@scripts/deps

lint: ## gofmt, go vet, staticcheck
	@out=$$(gofmt -s -l .); if [ -n "$$out" ]; then echo "gofmt -s has changes for:" $$out; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

unit: ## the tests that need no server, quickly
	$(GO) test -short $(TESTFLAGS) ./...

race: ## all tests with the race detector, those beside Prosody and ejabberd too
	$(GO) test -race $(TESTFLAGS) ./...

# Not together with race: counting under the race detector makes parsers crawl.
cover: ## the coverage that is asked for, and what is not reached: build/cover.html
	@mkdir -p $(OUT)
	$(GO) test $(TESTFLAGS) -coverpkg ./component/...,./handlers/... -coverprofile $(OUT)/cover.out ./component/... ./handlers/...
	scripts/coverage $(OUT)/cover.out 85 component handlers
	$(GO) tool cover -html $(OUT)/cover.out -o $(OUT)/cover.html

fuzz: ## each fuzz test for FUZZTIME=10s
	@GO="$(GO)" scripts/fuzz $(FUZZTIME)

soak: ## mixed load with random faults for SOAK=20m; make race does it for some seconds
	SOAK=$(SOAK) $(GO) test -count 1 -timeout 0 -v -run '^TestSoak$$' ./component

bench: ## iqd beside other libraries, ten minutes: ROUNDS=7, WORKLOADS=, PEERS=, STAGES=, QUICK=1
	@mkdir -p $(OUT)/bench
	@$(GO) build -o $(OUT)/bench/bench ./bench
	@$(OUT)/bench/bench

bench-go: SHELL := /bin/bash
bench-go: .SHELLFLAGS := -o pipefail -c
bench-go: ## the Go benchmarks, for benchstat: build/bench-go.txt, BENCH=., COUNT=6
	@mkdir -p $(OUT)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./component/... ./handlers/... | tee $(OUT)/bench-go.txt

install: ## install what make build has built, and its units: DESTDIR=, PREFIX=/usr/local, UNITDIR=
	@test -x $(OUT)/iqd || { echo "make build comes first, as the user who has Go"; exit 1; }
	install -D -m 0755 $(OUT)/iqd $(DESTDIR)$(PREFIX)/bin/iqd
	install -d $(DESTDIR)$(UNITDIR)
	for unit in systemd/*.service; do \
		sed 's|/usr/local/bin/iqd|$(PREFIX)/bin/iqd|' $$unit >$(OUT)/unit && \
		install -m 0644 $(OUT)/unit $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	install -D -m 0644 systemd/iqd-plugins.conf $(DESTDIR)$(PREFIX)/share/iqd/iqd-plugins.conf

clean: ## remove what was built
	rm -rf $(OUT)
