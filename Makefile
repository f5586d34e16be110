# `make run` is all a newcomer needs: it installs what is missing, then starts the site.

PYTHON ?=
PY := .venv/bin/python
CANDIDATES := $(PYTHON) python3.11 python3.12 python3.13 python3 python
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PIP := $(PY) -m pip install --quiet --no-input --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install venv run test test-slow lint format clean

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1#\2/p' $(MAKEFILE_LIST) | awk -F'#' '{ printf "%-18s %s\n", $$1, $$2 }'

install: venv ## Put Python and the dependencies into .venv; instant when nothing changed
	@key="$$(cat requirements.txt requirements-dev.txt | cksum) $$($(PY) -V)"; \
	if [ "$$(cat .venv/installed 2>/dev/null)" = "$$key" ]; then exit 0; fi; \
	echo "Installing into .venv; the first time this takes a few minutes, for PyTorch is large."; \
	if [ -n "$$TORCH_INDEX_URL" ]; then \
		$(PIP) --index-url "$$TORCH_INDEX_URL" "$$(grep '^torch==' requirements.txt)" || exit 1; \
	fi; \
	$(PIP) -r requirements.txt -r requirements-dev.txt || exit 1; \
	echo "$$key" > .venv/installed

# A .venv whose Python has gone (an upgrade, a moved folder) is made anew.
venv:
	@if $(PY) -c '$(NEW_ENOUGH)' 2>/dev/null; then exit 0; fi; \
	for python in $(CANDIDATES); do \
		if "$$python" -c '$(NEW_ENOUGH)' 2>/dev/null; then \
			"$$python" -m venv --clear .venv && exit 0; \
			echo "Python could not make .venv (see above). On Debian and Ubuntu: apt install python3-venv" >&2; \
			exit 1; \
		fi; \
	done; \
	echo "StockCast needs Python 3.11 or newer, and there is none on the PATH. Try: make run PYTHON=/path/to/python3.11" >&2; \
	exit 1

run: install ## Start the site on http://127.0.0.1:8000 (PORT=8001 make run for another port)
	@exec $(PY) -m stockcast_site.run

test: lint ## Lint, types, contracts, and all tests but the slow ones
	$(PY) -m pytest -m "not slow"

test-slow: install ## The slow tests: faults, simulated time, fuzzing, soak
	$(PY) -m pytest -m slow

lint: install ## Lint, types, import contracts, migrations, API schema
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

format: install ## Format the code and mend what can be mended
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean: ## Remove caches; your data (var/) and .venv stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov test-results
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
