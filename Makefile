# One command from a fresh clone: `make plan`. Needs make and Python 3.11 or newer; everything else is put in .venv.

VENV ?= .venv
BIN := $(VENV)/bin
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for each in $(CANDIDATES); do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$each; break; }; done)
SCENARIO ?= ukraine-2025
OUT ?= plan
BENCH ?=

.PHONY: help plan test test-lowest check docs bench verify clean
.DEFAULT_GOAL := help

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

plan: $(VENV)/.installed ## Plan the packaged scenario (SCENARIO=ukraine-2025 OUT=plan)
	$(BIN)/truceline plan $(SCENARIO) --out $(OUT)
	@echo "The report is $(OUT)/report.html: open it in a browser."

test: $(VENV)/.installed-dev ## Run all tests
	$(BIN)/python -m pytest -n auto --dist loadfile

test-lowest: $(BIN)/python ## Run all tests with the lowest versions of the dependencies that are allowed
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check --constraint tests/lowest.txt --editable '.[dev]'
	NUMBA_CACHE_DIR=.nbcache $(VENV)-lowest/bin/python -m pytest -n auto --dist loadfile

check: $(VENV)/.installed-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check src tests scripts benchmarks verification
	$(BIN)/ruff format --check src tests scripts benchmarks verification
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/unit/test_imports.py

docs: $(VENV)/.installed-dev ## Write the generated pages of the manual again
	$(BIN)/python scripts/make_docs.py

bench: $(VENV)/.installed-dev ## Measure beside the peers that are installed (BENCH="--quick sight" for less)
	$(BIN)/python benchmarks/run_all.py $(BENCH)

verify: $(VENV)/.installed-dev ## Check the simulation against known results at full size: minutes
	$(BIN)/python verification/run_all.py

clean: ## Remove the environment, caches and the plan
	rm -rf $(VENV) $(VENV)-lowest plan build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .nbcache src/*.egg-info
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Truceline needs Python 3.11 or newer, and there is none on the PATH." \
		"Install one, or say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make an environment:" \
		"its venv module is missing. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The stamps make installation happen again when the dependencies change, and only then.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed
