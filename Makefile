# Every target sets up what it needs, once.
#   make demo                      the sample batch, end to end (core packages only)
#   make test                      all tests (every extra)
#   make check                     format, lint, types, floors, then the tests: what CI runs
#   make bench                     the measurements of docs/measured.md
#   make wheelhouse                every wheel of the lock, to carry across an air gap
#   make demo WHEELHOUSE=wheelhouse   the same with no index and no network
PYTHON ?= python3
WHEELHOUSE ?=

VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/installed.core
FULL := $(VENV)/installed.full
CHROMIUM := $(VENV)/installed.chromium
OFFLINE := $(if $(WHEELHOUSE),--no-index --find-links $(WHEELHOUSE))
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(OFFLINE) --constraint constraints.txt --editable
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: demo test check bench wheelhouse

$(CORE): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) .
	touch $@

$(FULL): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[all,dev]'
	$(BIN)/python -m pip check
	touch $(CORE) $@

demo: $(CORE)
	$(BIN)/karte demo

test: $(FULL)
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(FULL)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test
