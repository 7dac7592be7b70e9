# Thin: the work is in scripts/. `make help` lists the targets.
.PHONY: help run test build package bench bench-quick bench-peers bench-pull fuzz mutants clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, build, and let the ferry sample decide about its events
	@scripts/run

test: ## install what is missing, build, and run every test
	@scripts/test

build: ## install what is missing and build build/release/polku
	@scripts/setup build
	@scripts/build release polku

package: ## build the Debian package of the command and the service
	@scripts/package

BENCHES := polku polku_bench_w1 polku_bench_replay_log polku_bench_pull polku_bench_edits

bench: ## install what is missing, build, and run every benchmark: an hour
	@scripts/setup build test ci
	@scripts/build release --tests $(BENCHES)
	@scripts/bench

bench-quick: ## the same for the figures that matter most, in five minutes: build/bench/quick.json
	@scripts/setup build test ci
	@scripts/build release --tests $(BENCHES)
	@scripts/bench-quick

bench-peers: ## the same rules in other engines beside Polku, those installed that can be had: half an hour
	@scripts/setup build test ci
	@scripts/build release --tests polku_bench_w1
	@scripts/bench-peers --install

bench-pull: ## time what a page's request costs: 1,000 rules, a million visitors
	@scripts/setup build test
	@scripts/build release --tests polku_bench_pull
	@scripts/bench-pull

fuzz: ## build the fuzz targets and let each look for faults for ten minutes
	@scripts/fuzz

mutants: ## put 200 faults into the code, one at a time, and look whether the tests find them
	@scripts/mutants

clean: ## remove build/
	rm -rf build
