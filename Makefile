# Everything happens in .venv inside the checkout. `make demo` and `make test` need nothing
# but Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LOCKED := --constraint constraints.txt
# 1: a test whose system tool is missing fails instead of being skipped.
REQUIRE_ALL ?=
# A worker for each core; a file of tests stays with one.
WORKERS ?= -n auto --dist loadfile
# How many examples each property is tried on by `make prove`, and how often a crawl is killed.
PROVE_EXAMPLES ?= 20000
PROVE_KILLS ?= 200
LOWEST := build/lowest
# Tests start many processes: each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-lowest prove lint types format bench notebook lock system-tools clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/core ## set up, then read a made-up fleet from a local emulator
	$(BIN)/vpnframe demo

test: $(VENV)/test ## set up, then run the tests
	VPNFRAME_REQUIRE_ALL=$(REQUIRE_ALL) $(BIN)/pytest $(WORKERS)

test-lowest: ## the quick tests, with the oldest version of everything that pyproject.toml allows
	rm -rf $(LOWEST) && $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip --quiet --disable-pip-version-check install uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python \
		--resolution lowest-direct --editable . --group test
	$(LOWEST)/bin/python -m pytest $(WORKERS) -o filterwarnings=default \
		-m 'not proof and not slow and not system_tool'

prove: $(VENV)/test ## run the slow tests, and each property on PROVE_EXAMPLES random examples
	VPNFRAME_EXAMPLES=$(PROVE_EXAMPLES) VPNFRAME_ROUNDS=$(PROVE_KILLS) $(BIN)/pytest $(WORKERS) -m 'proof or slow'

lint: $(VENV)/lint ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/lint ## types
	$(BIN)/mypy

format: $(VENV)/lint ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/test ## measure, against peers of the same run
	$(BIN)/python benchmarks/overlaps.py
	$(BIN)/python benchmarks/dense.py
	$(BIN)/python benchmarks/tracing.py
	$(BIN)/python benchmarks/audit.py
	$(BIN)/python benchmarks/keys.py
	$(BIN)/python benchmarks/fetching.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/disk.py

notebook: $(VENV)/core ## open the notebooks
	$(PIP) install $(LOCKED) --editable '.[notebook]'
	$(BIN)/jupyter lab notebooks

lock: ## write constraints.txt anew, from the newest versions that fit
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	build/lock/bin/python -m pip install --quiet '.[notebook]' --group dev
	build/lock/bin/python -m pip freeze --exclude vpnframe --exclude pip --exclude setuptools \
		> constraints.txt

system-tools: ## install what some tests need beside Python (as root, on Debian)
	apt-get update -qq
	# strongSwan's package starts a daemon for the machine: where it is new, that one goes off
	# again. The tests start daemons of their own, in namespaces of their own.
	had=no; test ! -x /usr/lib/ipsec/charon || had=yes; \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		openssl iproute2 util-linux strongswan-charon strongswan-starter strongswan-swanctl \
		libcharon-extra-plugins libstrongswan-standard-plugins && \
	if test $$had = no && test -d /run/systemd/system; then \
		systemctl disable --now strongswan-starter; \
	fi

clean: ## remove what make made
	rm -rf $(VENV) build dist demo-inventory

$(VENV)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'vpnframe needs Python 3.11 or newer: make PYTHON=python3.12 ...'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	touch $@

$(VENV)/core: $(VENV)/pip pyproject.toml constraints.txt
	$(PIP) install $(LOCKED) --editable .
	touch $@

$(VENV)/test: $(VENV)/core
	$(PIP) install $(LOCKED) --group test
	touch $@

$(VENV)/lint: $(VENV)/core
	$(PIP) install $(LOCKED) --group lint
	touch $@
