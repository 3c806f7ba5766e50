# The environment is .venv beside this file; everything that is made goes to PHASELINE_HOME (default: data).
PYTHON ?= python3
PHASES ?= two_phase
FROM ?=
BENCH ?=

BIN := .venv/bin
ENVIRONMENT := .venv/.made
DEVELOPMENT := .venv/.made-dev

.PHONY: train test test-hosts lint dev bench clean

train: $(ENVIRONMENT)
	@$(BIN)/phaseline train $(PHASES) $(if $(FROM),--from $(FROM))

dev: $(ENVIRONMENT)
	@$(BIN)/phaseline dev

test: $(DEVELOPMENT)
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not hosts"

test-hosts: $(DEVELOPMENT)
	@$(BIN)/python -m pytest -m hosts

lint: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEVELOPMENT)
	@$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf .venv .venv-bench

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Phaseline needs Python 3.11 or newer; name one: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

$(ENVIRONMENT): .venv/bin/python pyproject.toml constraints.txt
	@echo "making the environment in .venv (about two minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(DEVELOPMENT): $(ENVIRONMENT)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
