# Thin: the work is in scripts/. `make help` lists the targets.
.PHONY: help run test build bench clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, build, and let the ferry sample decide about its events
	@scripts/run

test: ## install what is missing, build, and run every test
	@scripts/test

build: ## install what is missing and build build/release/polku
	@scripts/setup build
	@scripts/build release polku

bench: ## install what is missing, build, and time the whole command on the loans pack
	@scripts/setup build test
	@scripts/build release polku
	@scripts/bench

clean: ## remove build/
	rm -rf build
