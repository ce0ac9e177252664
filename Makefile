# Two commands for a newcomer: `make demo` and `make test`. Everything they need is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test check format lock migration soak clean
.DEFAULT_GOAL := help

help:  ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/ready  ## Install what is missing into .venv (needs python3 and a package index)

.venv/ready: uv.lock pyproject.toml tools/setup.sh
	@PYTHON=$(PYTHON) sh tools/setup.sh

demo: setup  ## Play an incident in the browser: no account and no server needed
	@$(BIN)/backout demo

test: setup  ## Run all tests
	@$(BIN)/python -m pytest

check: setup  ## Format, lint, types, the four rules, house rules, mirrored tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.house
	@$(BIN)/python -m tools.mirror

soak: setup  ## The long proofs: more seeds, more kills
	@BACKOUT_SOAK=1 $(BIN)/python -m pytest

format: setup  ## Let ruff format and mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: setup  ## Refresh uv.lock from pyproject.toml (kept free of any index's address)
	@$(BIN)/python -m tools.lock

clean:  ## Remove what the other targets made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
