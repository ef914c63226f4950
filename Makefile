# mlops-charts: `make help` says what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TESTS ?= tests
WORKERS ?= auto
BUILDER ?= $(firstword $(foreach tool,docker podman buildah,$(shell $(tool) info >/dev/null 2>&1 && command -v $(tool))))
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
IMAGE ?= mlops-charts-runtime:$(VERSION)
BASE ?=
LOCKED = uv pip compile --python-version 3.11 --python-platform linux --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links -q --upgrade

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is %d.%d" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $(STAMP)

.PHONY: install
install: $(STAMP) ## Make .venv with everything that is locked

.PHONY: demo
demo: install ## Render iris, prove it, run its pipeline, release a good and a bad version here
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

.PHONY: bench-serving
bench-serving: install ## Measure the model server beside others (needs wrk; ARGS, as in ARGS="--times 1")
	@$(BIN)/python benchmarks/serving.py $(ARGS)

.PHONY: bench-judge
bench-judge: install ## Simulate releases: how often the judge is wrong, how long it takes (ARGS="--releases 200")
	@$(BIN)/python benchmarks/judge.py $(ARGS)

.PHONY: image
image: install ## Build the image that the steps run in (needs docker, podman or buildah)
	@test -n "$(BUILDER)" || { echo "neither docker nor podman nor buildah works here: install or start one, or name another with BUILDER=" >&2; exit 1; }
	rm -rf build/runtime
	mkdir -p build/runtime
	$(BIN)/python -m build --wheel --no-isolation --outdir build/runtime
	cp images/runtime/Dockerfile requirements/runtime.lock build/runtime/
	$(BUILDER) build --tag $(IMAGE) $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$$(git rev-parse HEAD) build/runtime

.PHONY: lock
lock: ## Write the lock files anew (needs uv)
	uv pip compile pyproject.toml --group dev --extra validate --extra hikaru --extra steps --extra serve --extra local --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -q --upgrade -o requirements/dev.lock
	$(LOCKED) pyproject.toml --extra steps --extra serve -c requirements/dev.lock -o requirements/runtime.lock
	$(LOCKED) pyproject.toml --extra serve -c requirements/dev.lock -o mlops_charts/locks/serve.txt
	$(LOCKED) pyproject.toml requirements/serve-sklearn.in --extra serve -c requirements/dev.lock -o mlops_charts/locks/serve-sklearn.txt
	$(LOCKED) pyproject.toml requirements/serve-sklearn.in requirements/serve-pandas.in --extra serve -c requirements/dev.lock \
	  -o mlops_charts/locks/serve-pandas.txt
	$(LOCKED) benchmarks/serving-mlserver.in -o benchmarks/serving-mlserver.lock
	$(LOCKED) benchmarks/serving-fastapi.in -o benchmarks/serving-fastapi.lock
	$(subst platform linux,platform x86_64-manylinux_2_31,$(LOCKED)) benchmarks/serving-envoy.in -o benchmarks/serving-envoy.lock
	$(LOCKED) requirements/seldon-core.in --override requirements/seldon-core.overrides -o mlops_charts/locks/seldon-core.txt

.PHONY: clean
clean: ## Remove what make made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache
