# make demo        install, then reproduce the paper on small simulated maps (reports/paper)
# make test        install, then run the tests
# make site        install, then build docs and gallery (docs/_build/html/index.html)
# make dist        build wheel and sdist (dist/), check them, and test the wheel
# make benchmarks  install, then time everything that has a target (half an hour)
# make lowest      install the lowest versions that pyproject.toml allows, then run the tests
# make check       install, then format, lint, types, import contract, docstrings, tests
#
# ARGS are passed on:  make demo ARGS="--seed 1"
# On one thread the figures are those of the README to the last digit, and a busy machine
# does no harm; large maps want more:  make demo THREADS=8

PYTHON ?= python3
VENV ?= .venv
THREADS ?= 1
BIN := $(VENV)/bin
LOWEST ?= .venv-lowest
# names of targets have their blanks escaped
EMPTY :=
INSTALLED := $(subst $(EMPTY) $(EMPTY),\ ,$(VENV)/.installed)
INSTALLED_LOWEST := $(subst $(EMPTY) $(EMPTY),\ ,$(LOWEST)/.installed)
NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "spectransfer needs Python 3.11 or newer: make PYTHON=python3.11")'

.PHONY: demo test slow lowest static check site dist benchmarks clean

demo: $(INSTALLED)
	OMP_NUM_THREADS=$(THREADS) "$(BIN)/python" examples/paper $(ARGS)

test: $(INSTALLED)
	OMP_NUM_THREADS=1 "$(BIN)/pytest" -n 2 $(ARGS)

slow: $(INSTALLED)
	OMP_NUM_THREADS=1 "$(BIN)/pytest" -n 2 -m slow $(ARGS)
	OMP_NUM_THREADS=1 "$(BIN)/pytest" -n 2 --hypothesis-profile=many tests/test_properties.py

# old libraries warn of each other (matplotlib 3.9 calls old names of pyparsing)
lowest: $(INSTALLED_LOWEST)
	OMP_NUM_THREADS=1 "$(LOWEST)/bin/pytest" -n 2 -W default::DeprecationWarning \
		-W default::PendingDeprecationWarning -W default::FutureWarning $(ARGS)

static: $(INSTALLED)
	"$(BIN)/ruff" format --check .
	"$(BIN)/ruff" check .
	"$(BIN)/python" .ci/lazy_types.py --check
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/numpydoc" lint $$(find spectransfer -name '*.py')

check: static test

# what an interrupted building leaves is not built upon; after a warning all pages are read
# again, since one that is not read again would not warn again
site: $(INSTALLED)
	if [ -e docs/_build/unfinished ]; then rm -rf docs/_build docs/gallery docs/generated; fi
	mkdir -p docs/_build && touch docs/_build/unfinished
	OMP_NUM_THREADS=1 "$(BIN)/python" -m sphinx -W --keep-going -q -b html docs docs/_build/html $(ARGS); \
		ended=$$?; [ $$ended -gt 1 ] || rm docs/_build/unfinished; \
		[ $$ended -eq 0 ] || rm -rf docs/_build/html/.doctrees; exit $$ended
	"$(BIN)/python" .ci/check_site.py docs/_build/html

dist:
	$(NEW_ENOUGH)
	OMP_NUM_THREADS=1 $(PYTHON) .ci/dist.py $(ARGS)

benchmarks: $(INSTALLED)
	OMP_NUM_THREADS=1 "$(BIN)/python" benchmarks/run_all.py $(ARGS)

$(INSTALLED): pyproject.toml constraints.txt
	$(NEW_ENOUGH)
	@echo "installing into $(VENV): torch is large, which takes a few minutes"
	$(PYTHON) -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch "$@"

$(INSTALLED_LOWEST): pyproject.toml constraints.txt .ci/floors.py
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear "$(LOWEST)"
	$(PYTHON) .ci/floors.py > "$(LOWEST)/floors.txt"
	"$(LOWEST)/bin/python" -m pip install --quiet --disable-pip-version-check -c "$(LOWEST)/floors.txt" -e ".[test]"
	touch "$@"

clean:
	rm -rf "$(VENV)" "$(LOWEST)" docs/_build docs/gallery docs/generated build *.egg-info .mypy_cache .ruff_cache .pytest_cache
