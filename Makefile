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

# The browser of the page's tests, and a font for Japanese, come from the system.
$(CHROMIUM): $(FULL)
	@if ! command -v chromium >/dev/null || ! fc-list :lang=ja | grep -q .; then \
	  if [ "$$(id -u)" != 0 ]; then \
	    echo "make test needs chromium and a Japanese font; as root:"; \
	    echo "  apt-get install chromium fontconfig fonts-ipafont-gothic"; exit 1; \
	  fi; \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	    chromium fontconfig fonts-ipafont-gothic >/dev/null; \
	fi
	touch $@

demo: $(CORE)
	$(BIN)/karte demo

test: $(FULL) $(CHROMIUM)
	KARTE_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -n 2 --dist loadgroup

bench: $(FULL)
	for script in tests/bench/*.py; do $(BIN)/python $$script || exit 1; done

wheelhouse: $(CORE)
	$(BIN)/python -m pip download --quiet --no-deps --dest wheelhouse --requirement constraints.txt
	$(BIN)/python -m pip download --quiet --dest wheelhouse 'hatchling>=1.27' editables

check: $(FULL)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test
