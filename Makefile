# Each target does all the set-up it needs: a fresh clone wants only Python 3.11+ and make.

PYTHON ?= python3
DATA ?= data
BIN := .venv/bin
UV := .venv/uv/bin/uv
STAMP := .venv/.ready
PACKAGES := VIRTUAL_ENV=$(CURDIR)/.venv $(UV) pip

# Python keeps what it has compiled: a run of the fast tests takes half the time.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help serve install test check bench drills web format lock clean

help:           ## list the targets
	@sed -n 's/^\([a-z]*\): .*## /\1\t/p' Makefile

serve: install  ## the whole PACS: DICOM on 127.0.0.1:11112, web on http://127.0.0.1:8080
	exec $(BIN)/filmless serve --data $(DATA)

install: $(STAMP) web  ## make .venv with the program and all tools

test: install   ## every test, the browser and peer tests included
	tools/system_packages.sh
	$(BIN)/python -m pytest -n auto --dist loadfile

check: install  ## format, lint, types, floors and the fast tests
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q -m "not slow" --hypothesis-profile=quick

bench: install  ## measure, beside peers where they are installed
	set -e; for measure in bench/*.py; do $(BIN)/python $$measure; done
	cd bench && ../$(BIN)/python -m beside

drills: install  ## the slow drills: kill -9, restarts, another Python where one is found
	tools/system_packages.sh
	$(BIN)/python -m pytest -m drill

web: $(STAMP)   ## build the web application when its sources changed
	$(BIN)/python tools/build_web.py

format: $(STAMP)  ## format and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: $(STAMP)  ## write requirements/*.lock anew from pyproject.toml
	$(UV) pip compile $(LOCKING) pyproject.toml -o requirements/core.lock
	$(UV) pip compile $(LOCKING) --group dev pyproject.toml -o requirements/dev.lock
	echo uv | $(UV) pip compile $(LOCKING) --no-annotate - -o requirements/uv.lock

LOCKING := --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

clean:          ## remove what was built; data folders stay
	rm -rf .venv dist web/node_modules src/filmless/servers/pages/assets

$(STAMP): requirements/dev.lock requirements/uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Filmless needs Python 3.11 or newer.")'
	test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	test -x $(UV) || $(PYTHON) -m venv .venv/uv
	.venv/uv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.lock
	$(PACKAGES) sync --quiet --require-hashes requirements/dev.lock
	$(PACKAGES) install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)
