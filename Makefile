# Every target sets itself up from nothing but `python3` (3.11 or newer).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEER := .venv-bench-pypsa
PIP := -m pip --disable-pip-version-check --quiet
WORKERS ?= 2
LATEST := .venv-latest
SECONDS ?= 60
SEED ?= 0
DEEP_SEED ?= $(shell date +%s)
PACKAGES := cases network clearing mitigation settlement counterflow
# The day of the demo's market; one line is congested on this one.
DATE ?= 2020-07-27

# One thread in BLAS: small dense blocks gain nothing from more, and busy cores lose much.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export NO_MKDOCS_2_WARNING := 1

.PHONY: help demo test test-slow test-deep test-latest fuzz bench lint docs lock picture browser clean

help:  ## this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than 3.11; set PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp per lock: what is installed stays until the lock or pyproject.toml changes.
$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/python
	$(BIN)/python $(PIP) install -r requirements/run.lock
	$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	$(BIN)/python $(PIP) install -r requirements/dev.lock
	@touch $@

$(VENV)/.docs: requirements/docs.lock $(VENV)/.run
	$(BIN)/python $(PIP) install -r requirements/docs.lock
	@touch $@

$(PEER)/.ready: requirements/bench.lock
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python $(PIP) install -r requirements/bench.lock
	@touch $@

demo: $(VENV)/.run  ## a day-ahead market of RTS-GMLC, and a stressed day mitigated and settled
	@tools/demo $(BIN)/counterflow $(DATE)

test: $(VENV)/.dev browser  ## the tests, slow ones left out
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-slow: $(VENV)/.dev browser  ## larger grids and sweeps
	COUNTERFLOW_TELL_RUN=1 $(BIN)/python -m pytest -n $(WORKERS) -m slow $(ARGS)

# Every test that uses hypothesis, with examples that nobody has seen; the seed is printed.
test-deep: $(VENV)/.dev  ## properties with fresh examples; DEEP_SEED=N repeats a run
	COUNTERFLOW_FRESH=1 $(BIN)/python -m pytest -n $(WORKERS) -m "slow or not slow" --hypothesis-profile=nightly \
	  --hypothesis-seed=$(DEEP_SEED) --hypothesis-show-statistics --tb=short \
	  $$(grep -rl "from hypothesis" tests --include='test_*.py') $(ARGS)

# An environment of its own with whatever is newest; what it took is said first and last.
test-latest:  ## the tests with the newest dependencies
	rm -rf $(LATEST)
	$(PYTHON) -m venv $(LATEST)
	$(LATEST)/bin/python $(PIP) install --upgrade --upgrade-strategy eager -e '.[dev,grids]'
	$(LATEST)/bin/python -m pip freeze --exclude-editable
	code=0; $(LATEST)/bin/python -m pytest -n $(WORKERS) $(ARGS) || code=$$?; \
	  $(LATEST)/bin/python -m pip freeze --exclude-editable; exit $$code

fuzz: $(VENV)/.dev  ## seeded trials of files and commands; SECONDS=600 SEED=0
	$(BIN)/python -m tests.fuzzing $(SECONDS) --seed $(SEED) $(ARGS)

bench: $(VENV)/.dev $(PEER)/.ready  ## times against PyPSA and Egret; CASES=name,name picks some
	$(BIN)/python -m benchmarks.bench --peer $(PEER)/bin/python $(if $(CASES),--cases $(CASES)) $(ARGS)
	$(if $(CASES),,$(BIN)/python -m benchmarks.structure)
	$(if $(CASES),,$(BIN)/python -m benchmarks.published)
	$(if $(CASES),,$(BIN)/python -m benchmarks.settlement)
	$(if $(CASES),,$(BIN)/python -m benchmarks.bench --only commitment)
	$(if $(CASES),,$(BIN)/python -m benchmarks.bench --only mitigation)
	$(BIN)/python -m benchmarks.overview

lint: $(VENV)/.dev  ## ruff, mypy --strict, one-way imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs  ## the site, into site/
	$(BIN)/python -m docs.build_tables
	$(BIN)/mkdocs build --strict
	@echo "site/index.html"

COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --strip-extras --no-annotate \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(UPGRADE)
lock: $(VENV)/.dev  ## write requirements/*.lock again; UPGRADE=--upgrade for newer versions
	$(COMPILE) --extra grids --extra dev -o requirements/dev.lock pyproject.toml
	$(COMPILE) --extra grids --build-deps-for editable -c requirements/dev.lock -o requirements/run.lock pyproject.toml
	$(COMPILE) --extra grids --extra docs -c requirements/dev.lock -o requirements/docs.lock pyproject.toml
	$(COMPILE) -o requirements/bench.lock requirements/bench.in

browser:
	@tools/chromium

picture: $(VENV)/.dev browser  ## the README's picture, from the demo's run
	$(BIN)/python tools/picture.py

clean:  ## remove environments, caches and what the targets wrote
	rm -rf $(VENV) .venv-* demo site build dist benchmarks/cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
