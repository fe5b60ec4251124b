# Thin: makes .venv with the pinned set, then calls the command line `gemba`, which does the work.
# Arguments go on with ARGS, e.g. `make up ARGS="--scale reference"`, `make test ARGS="unit"`.
.DEFAULT_GOAL := help
.PHONY: help up down status reset test lint lock
PYTHON ?= python3
VENV := .venv
# Written last: a half-finished installation has no stamp and is done again.
STAMP := $(VENV)/.installed

help:  ## show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(STAMP)  ## start the plant in the background and print its addresses
	@$(VENV)/bin/gemba up --detach $(ARGS)

down: $(STAMP)  ## stop it; the data stay
	@$(VENV)/bin/gemba down

status: $(STAMP)  ## show each process
	@$(VENV)/bin/gemba status $(ARGS)

reset: $(STAMP)  ## stop it and remove all its data
	@$(VENV)/bin/gemba reset $(ARGS)

test: $(STAMP)  ## set up what the tests need and run every tier
	@$(VENV)/bin/gemba test $(ARGS)

lint: $(STAMP)  ## ruff and the import contracts
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/lint-imports --cache-dir .import_linter_cache

lock:  ## pin the dependencies of pyproject.toml anew (takes some minutes)
	@sh deploy/lock.sh $(PYTHON)

$(STAMP): requirements.lock pyproject.toml deploy/install.sh
	@sh deploy/install.sh $(PYTHON) $(VENV)
	@touch $@
