# Everything sets itself up: `make demo` and `make test` need python3 (3.11 or later) and make.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.stamp
EXTRAS := dev,fast,research

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak clean

help:
	@echo "make demo    paper trading on two simulated venues (DEMO_SECONDS=30 ends it by itself)"
	@echo "make test    the tests"
	@echo "make check   ruff, mypy --strict and the house rules"
	@echo "make bench   our speed figures, each with its goal"
	@echo "make soak    ten minutes of a thousand books over sockets, 20,000 frames a second"
	@echo "make clean   remove what the other targets made"

demo: $(READY)
	@$(BIN)/arb demo

# TESTFLAGS goes to pytest, for instance TESTFLAGS=--cov or TESTFLAGS="-k sizing".
test: $(READY)
	@$(BIN)/pytest -n 2 $(TESTFLAGS)

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest tests/test_house.py

bench: $(READY)
	@$(BIN)/arb bench

soak: $(READY)
	@$(BIN)/arb bench --soak 10

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .coverage.* htmlcov \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis
	find arbitrage tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is recent enough and can make a virtual environment. PYTHON=... goes first.
# Wheels only, so that no compiler is needed.
$(READY): pyproject.toml
	@fit='import sys; sys.exit(sys.version_info < (3, 11))'; \
	python=; without_venv=; \
	for candidate in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
		$$candidate -c "$$fit" 2>/dev/null || continue; \
		if $$candidate -c 'import ensurepip, venv' 2>/dev/null; then python=$$candidate; break; fi; \
		without_venv=$$candidate; \
	done; \
	if [ -z "$$python" ] && [ -n "$$without_venv" ]; then \
		echo "$$without_venv lacks the venv module; on Debian or Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; \
	elif [ -z "$$python" ]; then \
		echo "no Python 3.11 or later found; install one, or name it: make $(MAKECMDGOALS) PYTHON=..." >&2; \
		exit 1; \
	fi; \
	$(BIN)/python -c "$$fit" 2>/dev/null || $$python -m venv --clear $(VENV) || exit 1; \
	echo "setting up $(VENV) with $$($(BIN)/python --version) (once; a minute or two)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
		--editable '.[$(EXTRAS)]' || exit 1; \
	touch $@
