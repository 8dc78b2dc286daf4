# `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help run test check biome pythons cluster format bench benchrows screenshots pins

PYTHON ?= python3
BIN := .venv/bin
BIOME := tools/biome/node_modules/.bin/biome

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/	/' | expand -t 14

# A stamp file is newer than its requirements once they are installed, so a second run does nothing. Uses uv if present, else pip.
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

run: .venv/.run ## migrate, load the demo clinic into an empty database, start the site and its worker
	@exec $(BIN)/python -m clinic.serve

# The journeys have the machine for themselves: they watch what happens in time, in browsers and under load.
test: .venv/.dev ## every test: SQLite, PostgreSQL, Redis, browser; PATHS=tests/bookings for some
	@$(BIN)/python tests/provide.py
ifdef PATHS
	@$(BIN)/python -m pytest $(PATHS)
else
	@$(BIN)/python -m pytest -n 2 --dist loadfile --ignore=tests/journeys --ignore=tests/deploy
	@$(BIN)/python -m pytest tests/journeys tests/deploy
endif

pythons: .venv/.dev ## the tests that need no server and no browser, on each other supported Python that can be had
	@$(BIN)/python tests/pythons.py

cluster: .venv/.dev ## two web machines behind nginx, two workers, PostgreSQL and Redis: the journeys, and what happens when one dies
	@$(BIN)/python tests/provide.py
	@$(BIN)/python -m pytest --cluster

check: .venv/.dev ## format, lint, types, import rule, templates, scripts and style sheets; .pre-commit-config.yaml has the same commands
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --lint --quiet clinic/templates
	@$(MAKE) --no-print-directory biome

# Needs Node. Without Node, or without access to npm, it prints one loud line; in CI it fails.
biome: ## lint scripts and style sheets (a part of `make check`)
	@if command -v npm >/dev/null && $(MAKE) -s $(BIOME); then $(BIOME) lint --error-on-warnings; \
	else echo "*** BIOME CANNOT BE INSTALLED: SCRIPTS AND STYLE SHEETS ARE NOT CHECKED ***"; test "$$CI" != true; fi

$(BIOME): tools/biome/package-lock.json
	npm ci --loglevel=error --prefix tools/biome
	@touch -c $@

format: .venv/.dev ## format the code and fix lint errors
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.dev ## measure pages against their targets, profile them, and run Lighthouse (needs npm, wrk and nginx)
	@test -d bench/node_modules || npm ci --loglevel=error --prefix bench
	@$(BIN)/python -m bench.lighthouse
	@$(BIN)/python -m bench.profile
	@$(BIN)/python -m bench.server

benchrows: .venv/.dev ## measure pages with 100,000 articles and a million comments and leads against a hundredth of them (15 minutes)
	@$(BIN)/python tests/provide.py
	@$(BIN)/python -m bench.rows

screenshots: .venv/.dev ## take screenshots of the pages at 375, 768 and 1280 pixels, into screenshots/
	@$(BIN)/python tests/provide.py
	@$(BIN)/python -m tests.screenshots

pins: ## compile requirements*.txt from the .in files (needs uv)
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url -o requirements.txt requirements.in
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url -o requirements-dev.txt requirements-dev.in
	uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url -o requirements-services.txt requirements-services.in
