# perflab: `make run` installs what the flagship case needs and runs it; `make test` installs what
# the tests need, builds everything and runs them.
#
# Everything lives in .venv, at the versions of requirements/ (`make lock` renews them); stamps in it
# say what has been installed, so that a second call starts at once.

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/.run
EXTRAS := $(VENV)/.extras
TEST := $(VENV)/.test
FUZZ := $(VENV)/.fuzz
UV := $(VENV)/lock/bin/uv
PERFLAB := PERFLAB_NO_EXTENSIONS=1 $(PY) -m pip install -qq --disable-pip-version-check \
	--no-deps --no-build-isolation -e .
BUDGET ?= 7
PRECISION ?= 0.1
UPGRADE ?= --upgrade
RESOLUTION ?= highest
SECONDS_OF_FUZZ ?= 600

.PHONY: run test build install extras lint site peers fuzz lock unlocked clean help
.DEFAULT_GOAL := help

help: ## show this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

run: $(RUN) ## install and build what the flagship case needs, and run it
	@$(PY) -m harness run dedupe --budget $(BUDGET) --precision $(PRECISION)

test: $(TEST) build ## install what the tests need, build everything, run all tests
	@$(PY) -m pytest -n 2 --dist worksteal

build: $(RUN) ## build all Cython variants in place, side by side; only what has changed
	@$(PY) setup.py -q build_ext --inplace || { echo "perflab: the build failed; its logs are in build/log"; exit 4; }

install: $(RUN) ## install what the flagship case needs, and run nothing

extras: $(EXTRAS) ## install rivals, profilers and pages: what `make run` leaves out

lint: $(TEST) ## check style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

site: $(EXTRAS) ## make pages of all results, in .perflab/site/
	$(PY) -m harness report

peers: $(TEST) build ## compare our gate with other tools, for an hour or two
	$(PY) docs/peers/compare.py --trials 20

fuzz: $(FUZZ) build ## fuzz the reader of result files for ten minutes; SECONDS_OF_FUZZ=3600 for an hour
	@$(PY) -m tests.fuzz.read_result -max_total_time=$(SECONDS_OF_FUZZ) -print_final_stats=1

$(PY):
	@test -n "$(PYTHON)" || { echo "perflab: no Python 3.11 or newer found; install one, or name it: make run PYTHON=/path/to/python3"; exit 7; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --seed --allow-existing --python "$(PYTHON)" $(VENV); \
	else $(PYTHON) -m venv $(VENV) || { echo "perflab: this Python cannot make environments; on Debian: apt-get install python3-venv"; exit 7; }; fi

# Exactly what the lock names, by pip or by uv: complete, so that nothing is resolved or looked up.
# Compiled, as pip does it: no process but the first should compile, and where the environment has
# PYTHONDONTWRITEBYTECODE every process would.
define install
@echo "installing $(2) (once)"
@if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV=$(abspath $(VENV)) uv pip install --quiet --compile-bytecode --no-deps --require-hashes -r requirements/$(1).txt; \
else $(PY) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/$(1).txt; fi
endef

# perflab itself without extensions: they are built in place, when they are first asked for.
$(RUN): requirements/run.txt pyproject.toml | $(PY)
	@command -v $${CC:-cc} >/dev/null 2>&1 || { echo "perflab: no C compiler; on Debian: apt-get install gcc"; \
		echo "  or name yours: CC=clang make run"; exit 7; }
	$(call install,run,what the flagship case needs)
	@$(PERFLAB)
	@touch $@

$(EXTRAS): requirements/extras.txt $(RUN)
	$(call install,extras,rivals and what profiles and pages need)
	@touch $@

$(TEST): requirements/test.txt $(RUN)
	$(call install,test,what the tests need)
	@touch $@

$(FUZZ): requirements/fuzz.txt $(TEST)
	$(call install,fuzz,the fuzzer)
	@touch $@

lock: | $(UV) ## renew the versions that the other commands install; UPGRADE= keeps what still fits
	$(call compile,test,rivals profilers pages dev)
	$(call compile,extras,rivals profilers pages compiling,-c requirements/test.txt)
	$(call compile,run,flagship compiling,-c requirements/test.txt)
	$(call compile,fuzz,fuzz,-c requirements/test.txt)

unlocked: | $(UV) ## install, instead of the locked versions, the newest or (RESOLUTION=lowest-direct) the lowest
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install --quiet --no-config --upgrade --resolution $(RESOLUTION) \
		-r pyproject.toml --extra rivals --extra profilers --extra pages --extra dev
	@$(PERFLAB)
	@touch $(RUN) $(EXTRAS) $(TEST)

$(UV): | $(PY)
	@$(PY) -m pip install -qq --disable-pip-version-check --target $(VENV)/lock uv

# For every supported Python and system, with all hashes of the index, and no word of which index.
define compile
@env -u UV_FIND_LINKS -u UV_EXTRA_INDEX_URL -u UV_INDEX $(UV) pip compile pyproject.toml $(addprefix --extra ,$(2)) $(3) --quiet $(UPGRADE) \
	--universal --python-version 3.11 --generate-hashes --no-config --no-emit-index-url --no-emit-find-links --no-annotate \
	--custom-compile-command "make lock" --output-file requirements/$(1).txt
endef

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find extensions -name '*.so' -delete -o -name '*.build.json' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
