# make study   set up, then the main job: search, confirm, ablate and report on made-up data, about ten minutes
# make test    set up, then the tests that need no more than five minutes
# make check   what CI runs after `make test`: formatting, types, the slow tests
# make faults  the tests of tests/faults in their full form: a hundred kills and the like (docs/reliability.md)
# The set-up is done once: it is repeated only when pyproject.toml or constraints.txt change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --constraint constraints.txt
# Two processes beside each other, each with one thread (tests/conftest.py).
PYTEST := $(BIN)/python -m pytest --numprocesses 2

.PHONY: study test check faults clean

study: $(VENV)/.set-up-study
	$(BIN)/python -m study.launch

test: $(VENV)/.set-up-dev
	$(PYTEST) --dist loadfile -m "not slow and not gpu"

check: $(VENV)/.set-up-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) --dist worksteal -m "slow and not gpu"

faults: $(VENV)/.set-up-dev
	FAULTS=full $(BIN)/python -m pytest tests/faults --durations=20

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
