# Every habit has a name. Each target does its own set-up, which is quick when nothing changed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

# Modules are compiled once and kept: a test starts many processes, and each would compile all of its own anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
CARGO := cargo
# One profile and one target folder for all builds of one compiler: what is tested is what runs.
RELEASE := --release --locked
QUICK := $(wildcard tests/rules tests/vectors tests/cli tests/house tests/docs)

.PHONY: help setup run check test simulate test-long bench wheel lock golden docs lint format clean system-packages

help: ## These lines
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: ## Virtual environment, page and media core; leaves the command at .venv/bin/incamera
	@scripts/setup

run: setup ## The main job: a throw-away meeting, and links to open in a browser (ARGS="--with 12" for more)
	@$(BIN)/incamera demo $(ARGS)

check: setup lint-quick ## The quick part of the tests, under a minute when warm: rules, vectors, cli, house, docs, linters
	@$(PYTEST) -q -n 2 -m "not slow and not browser and not long" $(QUICK)

test: setup system-packages lint ## All tests: linters, Rust, TypeScript, Python, real Chromium
	@$(CARGO) test $(RELEASE)
	@cd web && node_modules/.bin/vitest run
	@$(PYTEST) -n 4 --dist loadfile --no-loadscope-reorder -m "not long and not alone"
	@$(PYTEST) -m "alone and not long"

simulate: setup ## One seed of the simulated server again: make simulate SEED=7
	@$(BIN)/python -m tests.simulation.world $(SEED)

test-long: setup system-packages ## What does not fit beside each change: long fuzzing, soaks, thousands of seeds
	@$(PYTEST) -m long
	@$(PYTEST) --hypothesis-profile=wandering -m "not slow and not browser and not long" tests/rules tests/livekit

bench: setup system-packages ## Measure, beside livekit-server where that is on the PATH; a table, and JSON in .build/bench
	@$(BIN)/python -m benches $(ARGS)

wheel: setup ## dist/*.whl: native module and page inside, and the source archive
	@scripts/wheel

lock: ## Resolve the Python dependencies again (Rust: cargo update; web: npm install --save-exact)
	@scripts/setup tools
	@.tools/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --python-version 3.11 scripts/tools.in -o scripts/tools.lock
	@.tools/bin/uv pip compile -q --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --group dev pyproject.toml -o requirements.lock
	@scripts/setup

golden: setup ## Write the expected outputs of the command line again; review the difference
	@GOLDEN=write $(PYTEST) -q tests/cli

docs: setup ## Write the generated reference pages again
	@$(BIN)/python scripts/reference.py --write

lint: setup lint-quick ## All linters: ruff, mypy, import-linter, tsc, biome, rustfmt, clippy
	@$(CARGO) clippy $(RELEASE) --all-targets -- -D warnings

.PHONY: lint-quick
lint-quick: setup
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@cd web && node_modules/.bin/tsc --noEmit
	@cd web && node_modules/.bin/biome check --error-on-warnings .
	@$(CARGO) fmt --all --check

format: setup ## Bring all three languages into form
	@$(BIN)/ruff check --quiet --fix . && $(BIN)/ruff format --quiet .
	@cd web && node_modules/.bin/biome check --write .
	@$(CARGO) fmt --all

system-packages:
	@scripts/system-packages

clean: ## Remove what was built, Cargo's folder too
	@rm -rf .build dist target .mypy_cache .ruff_cache .pytest_cache .import_linter_cache src/incamera/web src/incamera/_core*.so
	@find src tests benches scripts -name __pycache__ -type d -prune -exec rm -rf {} +
