# `make` lists the targets. Each creates the environment that it needs, in .venv, from uv.lock: Python >= 3.10, make and
# PyPI are enough. Linux and macOS; on Windows, run the commands of the recipes with `uv run`.

PYTHON ?= python3
DURATION ?= 15
# discord, checks, graphs or training.
DEMO ?= discord
PYTEST_ARGS ?=
# For test-with: discord.py's version; locked, lowest or newest; opentelemetry or discord.py, from their main branches.
DISCORD ?=
RESOLUTION ?=
MAIN ?=
# For test-graphs: LangGraph's version, or newest.
LANGGRAPH ?=
# For test-training: one environment, of those in tools/training_envs.py.
TRAINING ?=
BENCH_ARGS ?=
# Dependency groups besides the default ones, as options of uv.
GROUPS_TOO ?=

VENV := .venv
BIN := $(VENV)/bin
TOOLS := build/tools
# A stamp for each PYTHON. It is inside the environment, so both are deleted together.
READY := $(VENV)/.made-by-make-with-$(subst /,-,$(PYTHON))
# Agent graphs have other peers, of which one writes the same package as one of a bot's.
BENCH_OF_GRAPHS := $(filter graphs,$(firstword $(BENCH_ARGS)))
BENCH_PEERS := $(if $(BENCH_OF_GRAPHS),graph-peers,peers)
BENCH_VENV := .venv-bench$(addprefix -,$(BENCH_OF_GRAPHS))
BENCH_READY := $(BENCH_VENV)/$(notdir $(READY))
# uv chooses the Python, unless PYTHON is given.
WITH_PYTHON := $(if $(filter file,$(origin PYTHON)),,--python $(PYTHON))

.DEFAULT_GOAL := help
.PHONY: help demo test test-with test-graphs test-training test-simulator backends collector hooks-table dashboards pictures page-pictures lint format typecheck bench build clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  DURATION=15 (seconds of demo), PYTEST_ARGS=, BENCH_ARGS=, PYTHON=python3.12'

demo: $(READY) ## run a bot against a simulated Discord, or DEMO=checks, graphs, training, and show what is measured
	$(BIN)/argus-otel demo $(DEMO) --duration $(DURATION)

# In parallel, then those marked `alone` by themselves; with PYTEST_ARGS, one pytest with these arguments. What is
# installed for tests with Keras, 600 MB, is installed before: beside tests, it would keep the disk busy for minutes.
test: $(READY) ## run the tests
ifeq ($(strip $(PYTEST_ARGS)),)
	@$(BIN)/python tools/training_envs.py keras || \
	    echo 'make: there is no environment with Keras: the tests that train with it are skipped'
	@set -x; code=0; \
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m 'not alone' || code=$$?; \
	$(BIN)/python -m pytest -m alone && exit $$code
else
	$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

dashboards: $(READY) ## write Grafana's dashboards and alerts, from tools/dashboards/ and prometheus/rules/
	$(BIN)/python -m tools.dashboards
	$(BIN)/python -m tools.grafana_alerts

page-pictures: $(READY) ## photograph the endpoint's page of a busy bot, into docs/pictures/; needs chromium
	$(BIN)/python -m tools.page_pictures

pictures: $(READY) ## draw docs/pictures/ of the dashboards, from the telemetry of a busy bot
	$(BIN)/python -m tools.pictures

lint: $(READY) ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## fix style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

typecheck: $(READY) ## check types
	$(BIN)/pyright

test-with: ## run the tests with DISCORD=2.4.0 PYTHON=3.10 RESOLUTION=lowest, each of them optional; needs uv
	python3 tools/matrix_env.py $(if $(filter file,$(origin PYTHON)),,--python $(PYTHON)) \
	    $(if $(DISCORD),--discord $(DISCORD)) $(if $(RESOLUTION),--resolution $(RESOLUTION)) $(if $(MAIN),--main $(MAIN)) -- $(PYTEST_ARGS)

test-graphs: ## run the tests of agent graphs with LANGGRAPH=0.2.76 or newest, PYTHON=3.10; needs uv
	python3 tools/matrix_env.py $(if $(filter file,$(origin PYTHON)),,--python $(PYTHON)) \
	    --langgraph $(or $(LANGGRAPH),newest) -- $(PYTEST_ARGS)

test-training: $(READY) ## run the tests of training runs with all frameworks, or TRAINING=torch-oldest; needs uv, and 4.5 GB
	$(BIN)/python tools/training_envs.py $(TRAINING)
	@$(BIN)/python tools/training_scripts.py || echo 'make: the tests with programs that were not fetched are skipped'
	TRAINING=$(TRAINING) $(BIN)/python -m pytest $(if $(TRAINING),,tests/training_source) tests/training_frameworks $(PYTEST_ARGS)

test-simulator: $(READY) ## run discord-simulator's tests from its wheel, with discord.py and pytest alone
	rm -rf build/simulator
	$(find_uv) \
	"$$uv" build --quiet --package discord-simulator --wheel --out-dir build/simulator && \
	"$$uv" run --quiet --isolated --no-project --directory packages/discord-simulator $(WITH_PYTHON) \
	    --with $$(echo $(CURDIR)/build/simulator/*.whl) --with 'discord.py>=2.4,<3' --with pytest python -m pytest $(PYTEST_ARGS)

backends: ## build what the tests send telemetry to, each if it is not built yet: Collector, Prometheus 3 …; needs Go
	@$(PYTHON) tools/backends.py

collector: ## build the Collector of collector-config/builder.yaml alone
	@$(PYTHON) tools/backends.py collector

hooks-table: $(READY) ## look for every hook in every supported library, and write the table of docs/hooks.md
	$(BIN)/python -m tools.hook_table

# In an environment of its own, with the peers, which the tests must not find.
bench: ## measure the cost of argus-otel, compared with its peers
	@$(MAKE) --no-print-directory VENV=$(BENCH_VENV) GROUPS_TOO='--group $(BENCH_PEERS) --group bench' $(BENCH_READY)
	$(BENCH_VENV)/bin/python -m benchmarks $(BENCH_ARGS)

build: $(READY) ## build wheels and sdists of argus-otel and discord-simulator into dist/
	rm -rf dist
	$(find_uv) \
	"$$uv" build --all-packages --build-constraint constraints/build.txt --require-hashes

clean: ## remove the environment and all build products
	rm -rf $(VENV) .venv-bench .venv-bench-graphs dist build .pytest_cache .ruff_cache .hypothesis
	find src packages tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# Sets $uv to the installed one, or to the one in build/tools. (A shim may be on PATH and not run.)
define find_uv
uv=uv; "$$uv" --version >/dev/null 2>&1 || uv=$(TOOLS)/bin/uv; \
"$$uv" --version >/dev/null 2>&1 || uv=;
endef

# The stamp is written last, so that an interrupted environment is created again.
$(READY): pyproject.toml uv.lock
	@set -e; \
	say() { printf 'make: %s\n' "$$@" >&2; }; \
	unset VIRTUAL_ENV; \
	$(find_uv) \
	if [ -z "$$uv" ]; then \
	    $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	        say '"$(PYTHON)" is not a Python 3.10 or newer, which is needed. Name one: make PYTHON=python3.12 …' \
	            'or install uv, which brings one: https://docs.astral.sh/uv/getting-started/installation/'; exit 1; }; \
	    $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	        say '"$(PYTHON)" has no venv module that works. Any of these helps:' \
	            '  install it; on Debian and Ubuntu: apt install python3-venv' \
	            '  install uv: https://docs.astral.sh/uv/getting-started/installation/' \
	            '  name another Python: make PYTHON=…'; exit 1; }; \
	    say 'no uv is installed: putting one into $(TOOLS)'; \
	    $(PYTHON) -m venv --clear $(TOOLS); \
	    $(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv; \
	    uv=$(TOOLS)/bin/uv; \
	fi; \
	say 'installing what uv.lock names into $(VENV)'; \
	case "$$uv" in \
	    uv) UV_PROJECT_ENVIRONMENT=$(VENV) uv sync --quiet --locked $(GROUPS_TOO) $(WITH_PYTHON) ;; \
	    *) UV_PROJECT_ENVIRONMENT=$(VENV) "$$uv" sync --quiet --locked $(GROUPS_TOO) --python $(PYTHON) ;; \
	esac; \
	touch $@
