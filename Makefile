# `make` alone prints the targets. Everything happens in a virtual environment inside the project.

# A Python is usable if it starts (a version manager's stand-in may not), is new enough and can make an environment.
USABLE = -c 'import sys, ensurepip, sqlite3, ssl; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
FIRST_USABLE = $(shell for p in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do if $$p $(USABLE); then echo $$p; break; fi; done)

# PYTHON=python3.12 gets an environment of its own beside the usual one.
ifdef PYTHON
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV ?= .venv-$(VERSION)
else
VENV ?= .venv
endif
EXTRAS ?= test,dev
BIN = $(VENV)/bin
READY = $(VENV)/.ready
READY_TO_DEVELOP = $(VENV)/.ready-to-develop
MATRIX ?= 3.11 3.12 3.13

help:
	@echo 'make run      the Central System on http://127.0.0.1:8180/ocpp, or the next free port (BIND=0.0.0.0:8180 opens it)'
	@echo 'make demo     a whole charging session with a simulated station, told on the terminal'
	@echo 'make test     all tests (TESTS=tests/unit, ARGS="-k boot", PYTHON=python3.12, REQUIRE_ALL=1: a skip for want of a program fails, API_SECONDS=600: of questions to the web API)'
	@echo 'make flaky    the suite ten times, in random order, on one core beside two busy loops; lists what ever failed (RUNS=3, SEED=7, TESTS, ARGS)'
	@echo 'make soak     five minutes of sessions while everything is killed and restarted; counts what is lost or doubled (SECONDS=60, ARGS="--database sqlite")'
	@echo 'make fuzz     a gateway under hostile messages for a minute (SECONDS=600, ARGS="--seed 7"; a failure is saved to be replayed)'
	@echo 'make check    linters, types and the rules of the house'
	@echo 'make format   lets ruff rewrite the code'
	@echo 'make bench    requests per second, against a floor measured in the same run (ARGS="--against HEAD~1": against that commit)'
	@echo 'make seed     a store with a million invented transactions, to see how the gateway fares (DATABASE_URL, ARGS="--help")'
	@echo 'make matrix   unit and integration tests on the other Pythons (MATRIX="$(MATRIX)")'
	@echo 'make coverage the lines that no test reaches'
	@echo 'make build    wheel and sdist in dist/'
	@echo 'make clean    removes what the above made, virtual environments too, but no store (*.db)'

# Running needs less than developing does: a tool for the tests that can't be had must not keep the gateway from running.
# pip is asked for too, since a Ctrl-C may have ended the making of the environment before it.
$(READY) $(READY_TO_DEVELOP): setup.cfg pyproject.toml
	@test -x $(BIN)/python || test -n '$(FIRST_USABLE)' || { echo '$(if $(PYTHON),$(PYTHON) is,found) no Python 3.11 or newer with venv (Debian, Ubuntu: apt install python3-venv); name one: make PYTHON=/path/to/python3' >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo 'making $(VENV) with $(FIRST_USABLE)'; $(FIRST_USABLE) -m venv $(VENV); }
	@echo 'installing what $(if $(WITH),tests and checks need,the gateway needs) into $(VENV); once, it may take minutes'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --editable '.$(WITH)'
	@touch $(READY) $@

$(READY_TO_DEVELOP): WITH = [$(EXTRAS)]

run: $(READY)
	@echo 'to work with it, in another terminal: OCPP_SOAP_ENVIRONMENT=development $(BIN)/ocpp-soap --help'
	@OCPP_SOAP_ENVIRONMENT=$${OCPP_SOAP_ENVIRONMENT-development} \
	OCPP_SOAP_UNKNOWN_CHARGE_POINTS=$${OCPP_SOAP_UNKNOWN_CHARGE_POINTS-accept} \
	exec $(BIN)/ocpp-soap serve --bind $(or $(BIND),127.0.0.1:8180 --next-free-port)

demo: $(READY)
	@exec $(BIN)/ocpp-soap demo

# loadgroup: tests that share something dear name an xdist_group and run on one worker.
test: $(READY_TO_DEVELOP)
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(TESTS) $(ARGS)

RUNS ?= 10
flaky: $(READY_TO_DEVELOP)
	$(BIN)/python -m tests.flaky --runs $(RUNS) $(if $(SEED),--seed $(SEED)) -- $(TESTS) $(ARGS)

soak: SECONDS ?= 300
soak: $(READY_TO_DEVELOP)
	$(BIN)/python -m tests.soak --seconds $(SECONDS) $(ARGS)

fuzz: SECONDS ?= 60
fuzz: $(READY_TO_DEVELOP)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

check: $(READY_TO_DEVELOP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_house.py

format: $(READY_TO_DEVELOP)
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

bench: $(READY_TO_DEVELOP)
	$(BIN)/python -m tests.bench $(ARGS)

seed: $(READY_TO_DEVELOP)
	$(BIN)/python -m tests.bench.seed $(if $(DATABASE_URL),--database-url '$(DATABASE_URL)') $(ARGS)

coverage: $(READY_TO_DEVELOP)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# On PATH or where pyenv keeps them; the version of $(VENV) itself has had the whole suite.
matrix: $(READY_TO_DEVELOP)
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $(MATRIX); do \
	  test $$version != $$own || continue; found=; \
	  for p in python$$version $$HOME/.pyenv/versions/$$version.*/bin/python; do if $$p $(USABLE); then found=$$p; break; fi; done; \
	  if test -n "$$found"; then \
	    $(MAKE) --no-print-directory test PYTHON=$$found VENV=.venv-$$version EXTRAS=test TESTS='tests/unit tests/integration' || exit 1; \
	  else \
	    echo "Python $$version: not found on PATH or under ~/.pyenv/versions, so not tested"; test "$$REQUIRE_ALL" != 1 || exit 1; \
	  fi; \
	done

build: $(READY_TO_DEVELOP)
	$(BIN)/python -m build

clean:
	rm -rf .venv .venv-* build dist *.egg-info .*_cache .hypothesis .coverage*
	find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help run demo test flaky soak fuzz check format bench seed coverage matrix build clean
