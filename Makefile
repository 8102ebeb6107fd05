# Everything a developer does here. Needs Python 3.11+ and make; all else is installed into .venv from uv.lock.

.DEFAULT_GOAL := help
.PHONY: help run test check format gen bench jaeger cluster images e2e doctor clean
MAKEFLAGS += --no-print-directory

# The newest Python that will do. `make PYTHON=/path/to/python3 …` takes another one.
PYTHON := $(shell for name in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
UV := .cache/uv/bin/uv
RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development
JAEGER := $(BIN)/jaeger
# pytest's own options, e.g. `make test ARGS="-k lockout -x"`; for `make run`, those of `judgemesh up`.
ARGS ?=

# uv installs into .venv with the Python chosen above; it must not fetch one, nor take over another environment.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
unexport VIRTUAL_ENV

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## "; print "usage: make \033[36m<target>\033[0m\n" } \
		/^[a-z0-9]+:.*## / { printf "  \033[36m%-8s\033[0m %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUNTIME) ## Start the whole platform here, with sample problems: judgemesh up (options: ARGS="--port 9000")
	@exec $(BIN)/judgemesh up $(ARGS)

doctor: $(RUNTIME) ## Say what the platform would miss on this machine, and what to do about it
	@exec $(BIN)/judgemesh doctor $(ARGS)

test: $(DEVELOPMENT) ## Run all tests (pick some: ARGS="-k lockout")
	@exec $(BIN)/python -m pytest $(ARGS)

bench: $(DEVELOPMENT) ## Measure latency and throughput through Envoy and directly
	@$(BIN)/python -m tests.bench.gateway
	@$(BIN)/python -m tests.bench.sidecar
	@$(BIN)/python -m tests.bench.judging
	@exec $(BIN)/python -m tests.bench.sandbox

check: $(DEVELOPMENT) ## Lint, formatting, types, import layers, protos and whether generated code is current
	@failed=""; step() { echo "» $$*"; "$$@" || failed="$$failed\n  $$*"; }; \
	step $(BIN)/ruff check; \
	step $(BIN)/ruff format --check; \
	step $(BIN)/mypy; \
	step $(BIN)/lint-imports --no-logo; \
	step $(BIN)/buf lint proto; \
	repository="$$(git rev-parse --path-format=absolute --git-common-dir 2>/dev/null)"; \
	if git rev-parse --quiet --verify main:proto/buf.yaml >/dev/null 2>&1; then \
		step $(BIN)/buf breaking proto --against "$$repository#branch=main,subdir=proto"; \
	else echo "» buf breaking: skipped, there is no branch main to compare with"; fi; \
	step $(BIN)/python proto/generate.py --check; \
	step $(BIN)/python -m judgemesh_operator.api.crds --check; \
	if [ -n "$$failed" ]; then printf "\nfailed:$$failed\n" >&2; exit 1; fi; echo "All checks passed."

format: $(DEVELOPMENT) ## Format the code and fix what can be fixed by itself
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

gen: $(DEVELOPMENT) ## Generate what follows from protos and models: proto/gen, Envoy's descriptor set, the CRDs
	$(BIN)/python proto/generate.py
	$(BIN)/python -m judgemesh_operator.api.crds

jaeger: $(JAEGER) ## Build Jaeger with Go (minutes, once); `make run` starts it from then on

cluster: $(DEVELOPMENT) ## Start a Kubernetes cluster: kind where Docker runs, else one node without (ARGS=down stops it)
	@exec $(BIN)/python -m tests.cluster $(or $(ARGS),up)

images: $(DEVELOPMENT) ## Build the images of services, operator and worker, and load them into the cluster
	@exec $(BIN)/python -m tests.cluster images $(ARGS)

e2e: $(DEVELOPMENT) ## Install both charts on the cluster and test them: calls, verdicts, traces, roll-outs under load
	@$(BIN)/python -m tests.cluster up
	@$(BIN)/python -m tests.cluster images
	@JUDGEMESH_CLUSTER=require $(BIN)/python -m pytest tests/operator tests/charts/test_api_server.py
	@JUDGEMESH_CLUSTER=require exec $(BIN)/python -m pytest tests/e2e -rP $(ARGS)

clean: ## Remove the environment and every cache here (not the platform's data)
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build
	find services operator proto tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how the above is installed ----------------------------------------------------------------------------------

$(RUNTIME): pyproject.toml uv.lock $(UV)
	@echo "Installing judgemesh and the programs it runs on (once per uv.lock) …"
	@$(call install,--extra local --no-default-groups)
	@touch $@

$(DEVELOPMENT): pyproject.toml uv.lock $(UV)
	@echo "Installing judgemesh with what tests and checks need (once per uv.lock) …"
	@$(call install,--extra local)
	@touch $@ $(RUNTIME)

# Bytecode is compiled here, since the first start would have to otherwise. uv reads neither pip.conf nor PIP_…:
# where it cannot reach the index, pip installs the same locked versions by hash.
define install
if ! $(UV) sync --frozen --inexact --compile-bytecode --python $(BIN)/python $(1); then \
	echo "uv could not install; trying pip, with its own configuration …"; \
	$(UV) export --quiet --frozen --no-emit-project --format requirements.txt $(1) -o .cache/requirements.txt && \
	$(BIN)/python -m pip install --require-hashes -r .cache/requirements.txt && \
	$(BIN)/python -m pip install --no-deps -e .; \
fi
endef

$(UV): $(BIN)/python
	@echo "Fetching uv …"
	@$(BIN)/python -m venv .cache/uv
	@.cache/uv/bin/python -m pip install --quiet "uv>=0.9"

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "judgemesh needs Python 3.11 or newer, and none is on PATH." >&2; \
		echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3 …" >&2; exit 1; fi
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$(PYTHON) cannot make virtual environments: its venv module is not whole." >&2; \
		echo "Install it (Debian, Ubuntu: apt-get install python3-venv) and run make again." >&2; exit 1; fi
	@echo "Creating $(VENV) with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv $(VENV)

$(JAEGER): services/cli/local/jaeger/go.mod services/cli/local/jaeger/go.sum | $(BIN)/python
	@command -v go >/dev/null || { echo "Jaeger is built with Go, which is not on PATH: see https://go.dev/doc/install" >&2; exit 1; }
	@echo "Building Jaeger (several minutes the first time) …"
	@cd services/cli/local/jaeger && CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags "-s -w" \
		-o $(CURDIR)/$@ github.com/jaegertracing/jaeger/cmd/all-in-one
	@echo "Built $@"
