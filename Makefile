# Everything that a person does with this checkout. `make` alone lists it.
#
# Needs Python 3.11 or newer, git and make. All else is installed into .venv, .cache and .meltano of this folder.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# A virtual environment or path of the caller must not leak in. Byte code is wanted: without it each start of a plugin
# compiles the Singer SDK anew, a second each time.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE UV_PROJECT_ENVIRONMENT UV_PYTHON PIP_USER PIP_TARGET
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PIN := -c constraints.txt --build-constraints constraints.txt
INSTALL := .venv/bin/uv pip install --quiet --python .venv/bin/python $(PIN)
PACKAGES := tap-booker target-referrizer sandbox
MANIFESTS := pyproject.toml constraints.txt $(PACKAGES:%=%/pyproject.toml)
CHECKED := $(PACKAGES) tests demo bench orchestrate docs/generate.py
PEERS := .cache/bench-peers
FOREIGN := .cache/foreign
AIRFLOW := .cache/airflow
# More than CI's two cores, since many tests wait for another process. Those that share something are in one group.
WORKERS := 3
PYTEST := .venv/bin/python -m pytest -q -n $(WORKERS) --dist loadgroup

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: .venv/.run-ready ## install the plugins, the sandbox and Meltano into .venv
	@# While a plugin runs, Meltano keeps its settings, secrets included, in a file below that everybody could read.
	@mkdir -p .meltano && chmod 700 .meltano
	@echo 'All is installed in .venv. Next: . .venv/bin/activate'

.PHONY: demo
demo: .venv/.run-ready ## the whole path against a made-up salon of 2,000 contacts, no account needed
	@.venv/bin/python -m demo

.PHONY: test
test: lint ## lint, types and all daily tests
	@$(PYTEST) -m "not slow"

.PHONY: test-slow
test-slow: .venv/.dev-ready $(AIRFLOW)/.ready ## long sweeps, the demo, fresh installs, Airflow
	@$(PYTEST) --no-loadscope-reorder -m slow

.PHONY: kill-sweep
kill-sweep: .venv/.dev-ready ## kill the target at each step of each kind of write, and see what the next run makes of it
	@.venv/bin/python -m tests.kill_sweep

.PHONY: bench
bench: .venv/.dev-ready $(PEERS)/jsonl/.ready $(PEERS)/dlt/.ready ## the plugins beside their peers, with set latencies (BENCH="--runs 1 --scale 0.1" for a look)
	@.venv/bin/python -m bench $(BENCH)

# Peers, the plugins of others that ours are composed with, and Airflow have an environment each: their pins contradict ours.
define OWN_ENVIRONMENT
@.venv/bin/uv venv --quiet --clear --python .venv/bin/python $(@D)
@.venv/bin/uv pip install --quiet --python $(@D)/bin/python -r $<
@touch $@
endef
# Most are started a few times only: byte code is made as it is needed.
$(FOREIGN)/% $(AIRFLOW)/%: export UV_COMPILE_BYTECODE := 0

$(PEERS)/%/.ready: bench/peers/%.txt | .venv/.run-ready
	$(OWN_ENVIRONMENT)

$(FOREIGN)/%/.ready: tests/foreign/pins/%.txt | .venv/.run-ready
	$(OWN_ENVIRONMENT)

$(AIRFLOW)/.ready: orchestrate/airflow.txt | .venv/.run-ready
	$(OWN_ENVIRONMENT)

.PHONY: lint
lint: .venv/.dev-ready ## ruff, mypy and the declared dependencies of each package
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy --no-error-summary $(CHECKED)
	@for package in $(PACKAGES); do (cd $$package && ../.venv/bin/deptry . ) || exit 1; done

.PHONY: format
format: .venv/.dev-ready ## let ruff mend what it can
	@.venv/bin/ruff check --quiet --fix .
	@.venv/bin/ruff format --quiet .

.PHONY: docs
docs: .venv/.dev-ready ## renew the pages that are generated
	@.venv/bin/python docs/generate.py
	@.venv/bin/python -m bench.report
	@.venv/bin/python -m bench.scaling

.PHONY: dist
dist: .venv/.run-ready ## both plugins as wheels and source distributions, in dist/
	@mkdir -p dist; for package in tap-booker target-referrizer; do \
	  .venv/bin/uv build --quiet --build-constraints constraints.txt --out-dir dist $$package || exit 1; done

.PHONY: pins
pins: .venv/.dev-ready ## renew constraints.txt: every version to the newest that fits
	@mkdir -p .cache
	@.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate \
	  --group run --group dev --all-extras $(PACKAGES:%=%/pyproject.toml) -o .cache/pins.txt
	@{ sed '/^[^#]/,$$d' constraints.txt; cat .cache/pins.txt; } > .cache/constraints.txt && mv .cache/constraints.txt constraints.txt

.PHONY: fresh
fresh: .venv/.run-ready ## forget what was synced with a sandbox: a new one is a new, empty account
	@.venv/bin/meltano --log-level=error --environment sandbox state clear --force sandbox:tap-booker-to-target-referrizer
	@rm -f ledger/sandbox.db*
	@page=referrizer-report.html; \
	if grep -qs -e '--environment=sandbox invoke' $$page; then rm -f $$page; else page=; fi; \
	echo "Forgotten: ledger and state of the sandbox$${page:+, and $$page}. Those of accounts are as they were."

.PHONY: clean
clean: ## remove what this Makefile installed and every cache, but no state and no ledger
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build $(PACKAGES:%=%/dist)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The newest fitting Python wins, so that an old default `python3` does no harm; PYTHON=... on the command line overrides.
# A command that is only a shim for a version that is not there fails the trial and is passed over.
.venv/bin/uv: constraints.txt
	@for python in $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3); do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then echo "Setting up .venv with $$("$$python" --version) (once)"; exec "$$python" -m venv --clear .venv; fi; \
	done; echo "This needs Python 3.11 or newer with its venv module (on Debian: python3-venv). None was found." >&2; exit 1
	@.venv/bin/python -m pip install -qq --no-input -c constraints.txt uv
	@touch $@

.venv/.run-ready: .venv/bin/uv $(MANIFESTS)
	@$(INSTALL) --group run -e ./tap-booker -e './target-referrizer[postgres]' -e ./sandbox
	@touch $@

.venv/.dev-ready: .venv/.run-ready
	@$(INSTALL) --group dev
	@touch $@
