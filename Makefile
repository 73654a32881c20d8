# What is done often. `make` alone lists it.
PYTHON ?= .venv/bin/python

.PHONY: help test quick lint demo bench
help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

test: ## all tests, as CI runs them
	$(PYTHON) -m pytest

quick: ## the tests that are not slow, in two minutes
	$(PYTHON) -m pytest -m "not slow"

lint: ## format, style and types
	$(PYTHON) -m ruff format --check matcher tests
	$(PYTHON) -m ruff check matcher tests
	$(PYTHON) -m mypy

demo: ## plans a term in Derby
	$(PYTHON) -m matcher demo

bench: ## sets other solvers beside it; needs pip install -e '.[test,benchmark]' and Java
	$(PYTHON) -m tests.benchmarks.compare scenarios/derby --seconds 10 60 300
