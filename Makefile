# Build folders, npm packages and logs live in the user's cache, so that a fresh clone starts warm.
SHELL := /bin/bash
CACHE := $(or $(DESSERTE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/desserte)
export DESSERTE_CACHE := $(CACHE)
export CARGO_TARGET_DIR ?= $(CACHE)/target
export DESSERTE_REFERENCE ?= $(abspath ../shared)

WEB ?= 127.0.0.1:8420
DATA ?= $(CACHE)/demo

.PHONY: run build test test-long lint bench bench-agent bench-doors bench-plan bench-statement bench-store bench-web page setup clean-cache

## Build the page and the collector, start the demonstration, print the address to open.
run: page
	@DESSERTE_PAGE_DIGEST=$$(tests/page-digest.sh) cargo build --release --package desserte --bin desserte
	@exec "$(CARGO_TARGET_DIR)/release/desserte" demo --data "$(DATA)" --web "$(WEB)"

## Compile both release binaries and copy them to target/release/.
build: page
	@DESSERTE_PAGE_DIGEST=$$(tests/page-digest.sh) cargo build --release --package desserte --package desserte-probe
	@mkdir -p target/release
	@cp "$(CARGO_TARGET_DIR)"/release/{desserte,desserte-probe} target/release/

## Everything, in order; ends with `N passed, N failed`.
test:
	@tests/run.sh

## The same with the heavy repetitions of the same tests.
test-long:
	@DESSERTE_REPEAT=long tests/run.sh

## The page before a synthetic country of 100,000 sites: a table, and target/bench/web.json.
bench-web: page
	@tests/setup.sh browser
	@DESSERTE_PAGE_DIGEST=$$(tests/page-digest.sh) cargo build --release --package desserte --bin desserte
	@DESSERTE_BIN="$(CARGO_TARGET_DIR)/release/desserte" tests/npm.sh run --silent bench

## The door against guesses, packed bodies and slow connections; writes target/bench/doors.json.
bench-doors:
	@tests/npm.sh ci
	@cargo build --release --package desserte --bin desserte
	@DESSERTE_BIN="$(CARGO_TARGET_DIR)/release/desserte" node dashboards/web/bench/doors.mjs

## The agent beside ping, fping and blackbox_exporter: accuracy, cost, memory and volume. Needs root.
bench-agent: build
	@tests/setup.sh peers
	@blackbox=$(CACHE)/peers/usr/bin/prometheus-blackbox-exporter; \
	if [ ! -x "$$blackbox" ]; then \
	  mkdir -p "$(CACHE)/peers" && (cd "$(CACHE)/peers" && apt-get download -qq prometheus-blackbox-exporter && dpkg -x prometheus-blackbox-exporter_*.deb .) || blackbox=; \
	fi; \
	cargo bench --quiet --package desserte-probe --bench agent -- --output "$(CURDIR)/target/bench/agent.json" \
	  --collector "$(CARGO_TARGET_DIR)/release/desserte" --probe "$(CARGO_TARGET_DIR)/release/desserte-probe" $${blackbox:+--blackbox "$$blackbox"}

## Every bench, one after the other.
bench: bench-agent bench-doors bench-store bench-statement bench-plan bench-web

lint:
	@tests/run.sh check

## Routes, covers, phases and distances beside known optima and their peers, which pip brings where it is there.
bench-plan:
	@python=$(CACHE)/plan-peers/bin/python; \
	if ! "$$python" -c 'import numpy, pcst_fast, networkx, highspy, scipy, geopandas' 2>/dev/null; then \
	  { python3 -m venv "$(CACHE)/plan-peers" && "$$python" -m pip install --quiet 'numpy<2' pcst_fast networkx highspy scipy geopandas; } || python=; \
	fi; \
	cargo bench --quiet --package desserte-planning --bench plan -- --reference "$(abspath $(DESSERTE_REFERENCE))" \
	  --output "$(CURDIR)/target/bench/plan.json" $${python:+--python "$$python"}

## A statement of 1,000 sites for a month beside the plainest recomputation; writes target/bench/statement.json.
bench-statement:
	@cargo bench --package desserte --bench statement

## The store beside rows in SQLite, VictoriaMetrics, InfluxDB 2 and PostgreSQL; writes target/bench/store.json.
bench-store:
	@tests/setup.sh bench-store || true
	@cargo bench --quiet --package desserte --bench store

## The dashboard's page, from its locked packages.
page:
	@tests/setup.sh rust node
	@tests/npm.sh ci
	@tests/npm.sh run build

setup:
	@tests/setup.sh all
