# mlops-charts: `make help` says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TESTS ?= tests
WORKERS ?= auto

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(STAMP)

.PHONY: install
install: $(STAMP) ## Make .venv with everything that is locked

.PHONY: demo
demo: install ## Render iris, prove it, print the tree, the plan and the proofs
	@$(BIN)/python -m mlops_charts.demo

.PHONY: test
test: install ## Run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

.PHONY: check
check: install ## Every check that is not a test: format, lint, types, layers, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mlops_charts.generated --check
	$(BIN)/mlops-charts render --check
	$(BIN)/mlops-charts validate

.PHONY: generated
generated: install ## Rewrite schemas, reference, charts and Applications of the samples
	$(BIN)/python -m mlops_charts.generated
	$(BIN)/mlops-charts render

.PHONY: golden
golden: install ## Rewrite the golden cases; read the diff
	MLOPS_CHARTS_GOLDEN=1 $(BIN)/python -m pytest -n $(WORKERS) tests/test_golden_charts.py tests/test_problem_cases.py

.PHONY: format
format: install ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: install ## Measure speed and memory
	@$(BIN)/python benchmarks/run.py

.PHONY: lock
lock: ## Write the lock file anew (needs uv)
	uv pip compile pyproject.toml --group dev --extra validate --extra hikaru --extra steps --extra serve --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -q --upgrade -o requirements/dev.lock

.PHONY: clean
clean: ## Remove what make made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache
