# make study   set up, then the main job: search, confirm, ablate and report on made-up data, five to ten minutes
# make test    set up, then the default tier of the tests: a minute and a half on two cores
# make check   what CI runs after `make test`: formatting, types, the English, the slow tier
# make nightly whatever takes longer: every fuzz case, a hundred kills, every technique on a pretrained encoder
# The set-up is done once: it is repeated only when pyproject.toml or constraints.txt change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --constraint constraints.txt
# Two processes beside each other, each with one thread (tests/conftest.py). What pytest makes of a test's file is kept for
# the next run, whatever the environment says.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# One cache of the type checker for all checkouts: an empty one costs a minute.
export MYPY_CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mtbert-study/mypy

.PHONY: study test check nightly clean

study: $(VENV)/.set-up-study
	$(BIN)/python -m study.launch

test: $(VENV)/.set-up-dev
	$(PYTEST) -m "not slow and not nightly and not gpu"

check: $(VENV)/.set-up-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python tests/prose/check.py
	$(PYTEST) -m "slow and not gpu"

nightly: $(VENV)/.set-up-dev
	TESTS=nightly $(PYTEST) -m "nightly and not gpu" --durations=20

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache

# torch alone and first: its version is pinned to the build for this machine, and no other package then asks for one.
$(VENV)/.set-up-torch: constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; give another one: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) torch
	touch $@

$(VENV)/.set-up-study: $(VENV)/.set-up-torch pyproject.toml
	$(INSTALL) --editable '.[minilm]'
	touch $@

$(VENV)/.set-up-dev: $(VENV)/.set-up-torch pyproject.toml
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/.set-up-study
