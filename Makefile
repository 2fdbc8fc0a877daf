# insure: `make demo` and `make test` need Python 3.11 or later with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
STAMP_DEV := $(VENV)/.installed-dev
SOURCES := insure reports schedules tests

# Where laws are tried on generated cases: the same ones in `make test`, 2,000 fresh ones each in `make soak`.
EXPLORED := $(addprefix tests/,properties references stress execution controls reports)

.PHONY: demo test lint types imports soak bench clean

demo: $(STAMP)
	rm -rf insure-demo
	$(BIN)/insure demo insure-demo

test: $(STAMP_DEV)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist worksteal -m "not soak"

lint types imports: $(STAMP_DEV)
lint:
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
types:
	$(BIN)/mypy
imports:
	$(BIN)/lint-imports --no-cache

soak: $(STAMP_DEV)
	$(BIN)/pytest -m soak
	$(BIN)/pytest -n auto --dist worksteal --hypothesis-profile=explore -m "not soak" $(EXPLORED)

bench: $(STAMP_DEV)
	$(BIN)/pytest tests/benchmarks --benchmark-only -o python_files='bench_*.py' -o python_functions='bench_*' -o addopts="--import-mode=importlib -s"

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(STAMP_DEV): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,pdf,dask]'
	touch $@

clean:
	rm -rf $(VENV) insure-demo out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
