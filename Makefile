# Two commands for a fresh machine with python3 and make: `make demo` and `make test`.
# Everything is installed into .venv; your own Python is left alone.

PYTHON ?= python3
PIP_FLAGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Parallel test processes share the cores: one thread each. What one of them compiled is kept for others.
ONE_THREAD := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

# Finds what keeps people from using a page.
AXE := axe-core@4.14.1

# What a benchmark needs beside the project. Without dependencies: torchvision's is another torch.
BENCH_NEEDS_blocks := torchvision==0.28.0

.PHONY: help setup demo test lint types unit docs test-browser test-deploy test-aarch64 test-python310 bench clean

help:
	@echo "make demo              set up .venv, run the whole line on real data, write the report"
	@echo "make test              set up .venv, then lint, types and tests"
	@echo "make docs              build the documentation's site into build/site"
	@echo "make test-browser      reports in Chromium with axe-core (needs chromium and npm), screenshots in build"
	@echo "make test-deploy       deploy to an ssh server on this machine, with the index (root for another user)"
	@echo "make test-aarch64      the target's part on an emulated aarch64 board (needs root)"
	@echo "make test-python310    the target's part on Python 3.10, the oldest that it supports"
	@echo "make bench NAME=x      run benchmarks/x.py, write build/bench/x.json"
	@echo "make clean             remove .venv, build and the demo's workspace"

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: the host needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' \
	  || { echo "error: this Python has no venv module; on Debian: apt install python3-venv"; exit 2; }
	@echo "Installing into $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[host,dev]'
	@touch $@

setup: $(INSTALLED)

demo: setup
	$(BIN)/python -m kenning_lego.scenarios.demo

test: lint types unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/vermin --quiet --target=3.10- --no-tips --violations --eval-annotations \
	  kenning_lego/core kenning_lego/stats kenning_lego/store kenning_lego/protocols \
	  kenning_lego/runtimes kenning_lego/selection kenning_lego/servers kenning_lego/cli.py \
	  kenning_lego/tuning kenning_lego/operations \
	  kenning_lego/scenarios/inference_server.py kenning_lego/scenarios/keys.py \
	  kenning_lego/scenarios/doctor.py kenning_lego/scenarios/tune.py \
	  kenning_lego/scenarios/selftest.py kenning_lego/scenarios/verbs.py

types: setup
	$(BIN)/mypy

# Half as many processes again as cores: many tests wait for others, or for time to pass. What is
# left of a slow module goes to whoever is free.
unit: setup
	$(ONE_THREAD) $(BIN)/python -m pytest -n $$(( ($$(nproc) * 3 + 1) / 2 )) --dist worksteal -q

# `make test` looks at two pages, without axe-core.
test-browser: setup
	@{ command -v npm && command -v chromium; } > /dev/null || { echo "error: npm or chromium is missing; on Debian: apt install npm chromium"; exit 2; }
	npm install --prefix build/axe --no-save --no-audit --no-fund --loglevel=error $(AXE)
	KENNING_LEGO_TEST_BROWSER=1 $(ONE_THREAD) $(BIN)/python -m pytest -q -rs tests/browser

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

test-deploy: setup
	KENNING_LEGO_TEST_DEPLOY=1 $(BIN)/python -m pytest -q -rs tests/deployment

test-aarch64: setup
	$(ONE_THREAD) $(BIN)/python -m tests.aarch64

test-python310: setup
	$(ONE_THREAD) PYTHON310="$(PYTHON310)" $(BIN)/python -m tests.python310

bench: setup
	@test -f "benchmarks/$(NAME).py" || { echo "error: no benchmark named '$(NAME)'; try: make bench NAME=transport"; exit 2; }
	$(if $(BENCH_NEEDS_$(NAME)),$(BIN)/python -m pip install --disable-pip-version-check --no-deps \
	  --quiet $(PIP_FLAGS) $(BENCH_NEEDS_$(NAME)))
	$(BIN)/python -m benchmarks.$(NAME)

clean:
	rm -rf $(VENV) build workspaces/demo
