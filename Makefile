# perflab: `make run` sets everything up and runs the flagship case, `make test` runs the tests.
#
# Everything lives in .venv; stamps in it say what has been done, so that a second call starts at once.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
BUILT := $(VENV)/.built
SOURCES := $(wildcard extensions/*/*.pyx extensions/*/*.h extensions/*/*.pxd)
BUDGET ?= 3

SECONDS_OF_FUZZ ?= 600

.PHONY: run test build lint site peers fuzz clean help
.DEFAULT_GOAL := help

help: ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

run: $(BUILT) ## set up, build, and run the flagship case
	@$(PY) -m harness run dedupe --budget $(BUDGET)

test: $(BUILT) ## run the whole test suite
	@$(PY) -m pytest -n 2 --dist loadfile

build: $(BUILT) ## build the Cython variants in place, only what changed

lint: $(BUILT) ## check style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

site: $(BUILT) ## publish what the store holds as pages in site/
	$(PY) -m harness report

peers: $(BUILT) ## compare our gate with other tools, for an hour or two; writes docs/peers.md
	$(PY) docs/peers/compare.py --trials 20

fuzz: $(BUILT) ## fuzz the reader of result files for ten minutes; SECONDS_OF_FUZZ=3600 for an hour
	@$(PY) -c 'import atheris' 2>/dev/null || $(PY) -m pip install -qq --disable-pip-version-check -e '.[fuzz]'
	@$(PY) -m tests.fuzz.read_result -max_total_time=$(SECONDS_OF_FUZZ) -print_final_stats=1

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "perflab: no Python 3.11 or newer found; install one, or name it: make run PYTHON=/path/to/python3"; exit 7; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --seed --python "$(PYTHON)" $(VENV); \
	else $(PYTHON) -m venv $(VENV) || { echo "perflab: this Python cannot make environments; on Debian: apt-get install python3-venv"; exit 7; }; fi

# without extensions: they are built in place, below, and once is enough
$(INSTALLED): pyproject.toml setup.py | $(VENV)/bin/python
	@command -v $${CC:-cc} >/dev/null 2>&1 || { echo "perflab: no C compiler; on Debian: apt-get install gcc   (or name yours: CC=clang make run)"; exit 7; }
	@echo "installing perflab and everything its cases use (once)"
	@export PERFLAB_NO_EXTENSIONS=1; if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV=$(abspath $(VENV)) uv pip install --quiet -e '.[rivals,profilers,pages,dev]'; \
	else $(PY) -m pip install -qq --disable-pip-version-check -e '.[rivals,profilers,pages,dev]'; fi
	@touch $@

$(BUILT): $(INSTALLED) $(SOURCES)
	@echo "building the Cython variants"
	@$(PY) setup.py -q build_ext --inplace >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; echo "perflab: the build failed; the log is $(VENV)/build.log"; exit 4; }
	@touch $@

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find extensions -name '*.so' -delete -o -name '*.build.json' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
