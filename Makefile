# The one front door. Continuous integration runs `make test` and nothing else.
#
#   make demo      build, then plan, apply, drift, mend and destroy the example stack in the sandbox
#                  (EMULATOR=moto: the same over the wire, through the AWS SDK)
#   make test      everything that CI runs
#   make check     formatting, lints, layers, licences: under a minute when warm, no AWS SDK
#   make unit      the tests of everything but the AWS half: seconds when warm, no AWS SDK
#   make bless     accept changed snapshots; review the diff like code
#   make schemas   rewrite schemas/         make docs   rewrite docs/kinds/, docs/snowex.svg
#   make fmt       format everything        make bench  figures: calls, seconds, memory
#   make soak      N=10000 random lives of stacks in the simulator, as many random plans, and KILLS=50
#                  kills of a real apply, from SEED on (the time, unless it is given)

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto
TARGET := $(shell $(CARGO) metadata --format-version 1 --no-deps --offline 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
TARGET := $(or $(TARGET),target)
VENV := .venv
N ?= 10000
SEED := $(or $(SEED),$(shell date +%s | tail -c 6))
KILLS ?= 50
TOOLS := $(TARGET)/tools
DENY_VERSION := 0.20.2
# Modules that the registry's macro declares are not seen by `cargo fmt`.
KIND_FILES := $(shell find crates/aws/src/services -name '*.rs')

.PHONY: help check test unit live-check e2e functions lives soak bless fmt schemas docs demo bench deny build

help:
	@sed -n '3,14s/^# \{0,1\}//p' Makefile

check: fmt-check lint layers deny

.PHONY: fmt-check lint layers
fmt-check:
	$(CARGO) fmt --all --check
	rustfmt --check --edition 2024 $(KIND_FILES)

lint:
	$(CARGO) clippy --all-targets --quiet -- -D warnings

# What each crate must not have in its tree; docs/architecture.md says why.
layers:
	@bash tests/layers.sh

deny: $(TOOLS)/bin/cargo-deny
	$(TOOLS)/bin/cargo-deny --log-level error check licenses bans sources

$(TOOLS)/bin/cargo-deny:
	$(CARGO) install cargo-deny --version $(DENY_VERSION) --locked --debug --root $(TOOLS) --target-dir $(TOOLS)/build
	rm -rf $(TOOLS)/build

# The same random cases each time, so that a change is judged by what it changes; `make soak` has others.
unit: export PROPTEST_RNG_SEED ?= 1
unit:
	$(CARGO) nextest run
	$(CARGO) test --doc --quiet

build:
	$(CARGO) build -p trueup

# Both together, as `build` has them: with other features of what they share, the SDK would be
# compiled twice.
live-check:
	$(CARGO) clippy -p trueup-aws --features live -p trueup --all-targets --quiet -- -D warnings
	$(CARGO) nextest run -p trueup-aws --features live -p trueup

$(VENV)/done: tests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

functions: $(VENV)/done
	$(VENV)/bin/python -m pytest -q tests/functions

e2e: build $(VENV)/done
	TRUEUP_SEED=1 TRUEUP_BIN=$(TARGET)/debug/trueup $(VENV)/bin/python -m pytest -q -n 3 tests/e2e

# Stacks made up by chance, edited, meddled with and destroyed, with faults by chance. As many as take
# less than five minutes on two cores, now that the promises are looked at after every call; `make soak`
# has thousands.
lives:
	TRUEUP_CASES=1500 $(CARGO) test --quiet -p trueup-sim --test convergence any_stack -- --nocapture

soak: build $(VENV)/done
	TRUEUP_CASES=$(N) TRUEUP_SEED=$(SEED) $(CARGO) test --profile soak --quiet -p trueup-sim --test convergence any_stack -- --nocapture
	PROPTEST_CASES=$(N) $(CARGO) nextest run --cargo-profile soak -p trueup-planner -E 'test(worlds)'
	TRUEUP_KILLS=$(KILLS) TRUEUP_SEED=$(SEED) TRUEUP_BIN=$(TARGET)/debug/trueup $(VENV)/bin/python -m pytest -q -n 3 tests/e2e/test_kills.py

# In the order in which failures are cheapest.
test: check unit functions live-check lives e2e

bless:
	INSTA_UPDATE=always TRUEUP_BLESS=1 $(CARGO) nextest run --no-fail-fast

fmt:
	$(CARGO) fmt --all
	rustfmt --edition 2024 $(KIND_FILES)

schemas docs:
	TRUEUP_BLESS=1 $(CARGO) nextest run -p trueup-tests -E "test(generated)"

demo: build
	@bash tests/demo.sh $(TARGET)/debug/trueup $(EMULATOR)

bench:
	@bash tests/bench.sh
