# `make` shows what there is. Everything sets itself up on a fresh Debian or Ubuntu with Python 3.11.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
BIN := .venv/bin
JOBS ?= 2
JS_TESTS = $(wildcard tests/js/*.test.js tests/js/*.test.mjs)
SOURCES = engine renderers builder interchange runtime build_hooks tests
TESTS ?=

.PHONY: help setup run test check fix bench mutate lock

help: ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .setup/system .setup/python .setup/browser ## install what is missing; run and test do it themselves

run: .setup/python .setup/browser ## all channels on one port, with a demo hospital
	$(BIN)/huisheng run

test: setup ## every test; names what it left out
	$(BIN)/pytest -n $(JOBS) --dist loadgroup $(TESTS)
	@if [ -n "$(JS_TESTS)" ]; then $$(.ci/tool node) --test $(JS_TESTS); fi

check: setup ## style, types, import contracts, security, lock files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/bandit -q -c pyproject.toml -r engine renderers builder interchange runtime build_hooks 2> >(grep -v WARNING >&2)
	.ci/semgrep
	$(BIN)/python .ci/secrets.py
	$(BIN)/python .ci/locks.py
	$(BIN)/python .ci/bill.py
	$(BIN)/python .ci/requirements.py
	$(BIN)/python .ci/security.py
	.ci/audit
	$$(.ci/tool node) node_modules/typescript/bin/tsc --project tsconfig.json

fix: .setup/python ## put style right where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python .ci/requirements.py --write
	$(BIN)/python .ci/security.py --write

bench: setup ## figures, each as a ratio within one run
	$(BIN)/python -m tests.bench

mutate: .setup/python ## turn each operator of the engine round; prints what no conformance file notices
	$(BIN)/python -m tests.mutation.run --all

lock: ## write the lock files anew from pyproject.toml and package.json
	.ci/lock

.setup/python: requirements.txt requirements-dev.txt requirements-node.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing: install the packages python3.11 and python3.11-venv."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Install the package python3.11-venv, then try again."; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.txt
	$(BIN)/python build_hooks/browser_libraries.py
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p .setup && touch $@

.setup/browser: package.json package-lock.json .setup/python
	$(BIN)/python build_hooks/browser_libraries.py
	@mkdir -p .setup && touch $@

.setup/system: .ci/system-packages
	@.ci/system
	@mkdir -p .setup && touch $@
