# The project's jobs. Each installs first what it needs and does not find: Debian packages, and .venv with Python's.

SHELL := /bin/bash
PYTHON := .venv/bin/python

# What a user needs, and what the tests need besides.
TOOLS := gcc libc6-dev python3-venv gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm
TEST_TOOLS := clang gdb-multiarch

.PHONY: help demo test test-all conformance fuzz lint format bench bench-kernels bench-memory wheel check-wheel clean tools test-tools

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: .venv/.ready-demo  ## compile a digits CNN and run it on an emulated Cortex-M4
	@$(PYTHON) examples/digits/demo.py

test: .venv/.ready-dev  ## run the tests, except the long ones
	@$(PYTHON) -m pytest -n 2 -m "not slow"

test-all: .venv/.ready-dev  ## run all tests
	@$(PYTHON) -m pytest -n 2

conformance: .venv/.ready-dev  ## run ONNX's static node tests and small models through generated C
	@$(PYTHON) tests/conformance/run.py

FUZZ_MINUTES ?= 20

fuzz: .venv/.ready-dev  ## look for models that make tinyc crash or hang: FUZZ_MINUTES=20, findings in build/fuzz
	@$(PYTHON) tests/fuzz/fuzz.py --minutes $(FUZZ_MINUTES)

lint: .venv/.ready-dev  ## check style and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

format: .venv/.ready-dev  ## put the Python files into shape
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: .venv/.ready-dev  ## measure the models in the emulator: build/bench.md and build/bench.json
	@$(PYTHON) benchmarks/bench.py

bench-kernels: .venv/.ready-dev  ## measure every kernel on many layers: build/bench-kernels.md
	@$(PYTHON) benchmarks/bench_kernels.py

bench-memory: .venv/.ready-dev  ## measure what schedules save: build/bench-memory.md and build/bench-memory.json
	@$(PYTHON) benchmarks/bench_memory.py

wheel: .venv/.ready-dev  ## build dist/tinyc-*.whl
	@$(PYTHON) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

check-wheel: wheel  ## install the wheel into a clean environment and use it from outside the repository
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && set -ex && \
	wheel=$$(ls -t $(CURDIR)/dist/*.whl | head -1) && example=$(CURDIR)/examples/digits && \
	$(PYTHON) -m venv "$$folder/venv" && \
	"$$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$$wheel" && cd "$$folder" && \
	venv/bin/tinyc compile $$example/digits.onnx --board mps2-an386 --calibration $$example/calibration.npz -o digits && \
	venv/bin/tinyc run digits --on qemu --inputs $$example/test.npz

clean:  ## remove what was built, but not .venv
	rm -rf build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find tinyc tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +

.venv/.ready-demo: pyproject.toml scripts/setup.sh | tools
	@scripts/setup.sh python check
	@touch $@

.venv/.ready-dev: pyproject.toml scripts/setup.sh | tools test-tools
	@scripts/setup.sh python check,test,lint,fuzz
	@touch $@

tools:
	@scripts/setup.sh tools $(TOOLS)

test-tools:
	@scripts/setup.sh tools $(TEST_TOOLS)
