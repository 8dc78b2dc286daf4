# `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run test quick check cluster format bench benchrows screenshots pins

PYTHON ?= python3
BIN := .venv/bin

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/	/' | expand -t 14

# Each stamp holds what was installed, so that a second run does nothing. uv is used where it is, pip else.
.venv/.made:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: requirements.txt | .venv/.made
	@echo "Installing requirements.txt …"
	@if command -v uv >/dev/null; then uv pip install -q --python $(BIN)/python --require-hashes -r $<; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<; fi
	@touch $@

.venv/.dev: requirements-dev.txt | .venv/.made
	@echo "Installing requirements-dev.txt …"
	@if command -v uv >/dev/null; then uv pip install -q --python $(BIN)/python --require-hashes -r $<; \
	else $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<; fi
	@touch $@

run: .venv/.run ## migrate, load the demo clinic if empty, start the site and its worker
	@exec $(BIN)/python -m clinic.serve

# A file is run by one process, so that its fixtures are made once.
TOGETHER := -n 2 --dist loadfile

test: .venv/.dev ## every test: SQLite, PostgreSQL, Redis, browser; PATHS=tests/bookings for some, PATHS=--lf for those that failed
	@$(BIN)/python tests/provide.py
ifdef PATHS
	@$(BIN)/python -m pytest $(PATHS)
else
	@$(BIN)/python -m pytest $(TOGETHER) -m "not alone"
	@$(BIN)/python -m pytest -m alone
endif

quick: .venv/.dev ## tests that need no server and no browser, on SQLite, in a minute
	@$(BIN)/python -m pytest $(TOGETHER) --databases sqlite -m "not (alone or browser or redis or nginx or nu or slow)"

cluster: .venv/.dev ## two web machines behind nginx, two workers, PostgreSQL and Redis: the journeys, and what happens when one dies
	@$(BIN)/python tests/provide.py
	@$(BIN)/python -m pytest --cluster

check: .venv/.dev ## format, lint, types, import rule, templates, pins
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet clinic/templates

format: .venv/.dev ## put code and templates into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.dev ## what a page costs, as a ratio to a limit taken in the same run (needs wrk and nginx), where its time goes, and what Lighthouse says of it
	@test -d bench/node_modules || npm ci --loglevel=error --prefix bench
	@$(BIN)/python -m bench.lighthouse
	@$(BIN)/python -m bench.profile
	@$(BIN)/python -m bench.server

benchrows: .venv/.dev ## pages with a million leads and comments against a hundredth of them; takes fifteen minutes
	@$(BIN)/python tests/provide.py
	@$(BIN)/python -m bench.rows

screenshots: .venv/.dev ## pictures of the pages at 375, 768 and 1280 pixels, in screenshots/
	@$(BIN)/python tests/provide.py
	@$(BIN)/python -m tests.screenshots

pins: ## compile requirements*.txt anew (needs uv)
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url -o requirements.txt requirements.in
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url -o requirements-dev.txt requirements-dev.in
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url -o requirements-services.txt requirements-services.in
