# What there is to do with the sources: `make help` lists it.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# The command that runs tests; scripts may set one that prints otherwise.
GOTEST  ?= $(GO) test
BENCHSTAT := $(GO) run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
LINT      := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help
.PHONY: help build plugin test bench bench-go generate lint format demo demo-wordpress clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

build: ## bin/loyaltyd, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/loyaltyd ./cmd/loyaltyd

plugin: ## bin/loyaltyd-plugin.zip, for WordPress
	@scripts/plugin-zip $(VERSION) bin/loyaltyd-plugin.zip
	@ls -l bin/loyaltyd-plugin.zip

test: ## all tests, on private MariaDB and MySQL servers
	@scripts/need-mariadb --exactly || true
	@scripts/fetch-mysql >/dev/null || echo "Without MySQL its tests are skipped." >&2
	@scripts/fetch-plugin-tests
	$(GO) vet ./...
	$(GO) build -o bin/withservers ./internal/testshop/cmd/withservers
	bin/withservers -- $(GOTEST) -race -timeout 30m $(TESTFLAGS) ./...

# How large a store `make bench` measures (several numbers show how costs
# grow), on what (hpos,legacy), which of its
# sections (none: all), in how many rounds, where the stores are kept for the
# next time and where profiles go (none: nowhere).
ORDERS   ?= 100000
STORAGES ?= hpos,legacy
SECTIONS ?=
ROUNDS   ?= 3
DATA     ?=
PROFILE  ?=

bench: ## loyaltyd beside the database's own limits, on a store of ORDERS= orders
	@scripts/need-mariadb --exactly
	@scripts/need-php
	@scripts/fetch-wordpress 6.1 >/dev/null
	$(GO) run ./internal/bench/cmd/bench -orders $(ORDERS) -storages $(STORAGES) -sections '$(SECTIONS)' \
		-rounds $(ROUNDS) -data '$(DATA)' -profile '$(PROFILE)' $(BENCHFLAGS)

# A former result to hold the new one against.
OLD ?=

bench-go: ## the hot functions alone; OLD= names a former bin/bench-go.txt
	@scripts/need-mariadb --exactly
	@mkdir -p bin
	$(GO) test -run '^$$' -bench 'Worth|ParseDecimal|ChainHash|Digest|Reads' -benchmem -count 6 ./ledger ./sync/program ./sync/store >bin/bench-go.txt
	$(BENCHSTAT) $(OLD) bin/bench-go.txt

generate: ## the files that the plugin and the documents take from the tables in Go
	$(GO) run ./internal/contract/cmd/contract

lint: ## what the linters say
	$(LINT) run

format: ## gofumpt and the order of imports
	$(LINT) fmt

demo: ## loyaltyd at work on a store of its own making
	@scripts/demo

demo-wordpress: ## a WordPress with the plugin, a store of its own making and the daemon
	@scripts/demo-wordpress

clean: ## what was built
	rm -rf bin
