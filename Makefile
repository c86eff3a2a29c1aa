# The course's commands. `make book` and `make test` are all that a reader needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help python env book serve test test-quick test-notebooks planted-bugs exercises notebooks lint format colab-test environments dist lock bench clean

# The first Python of a supported version on this machine; `make PYTHON=... book` overrides it.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && { echo $$python; exit; }; done)

# The first Python of Colab's version; `make COLAB_PYTHON=... colab-test` overrides it.
COLABS := import sys; sys.exit(sys.version_info[:2] != (3, 13))
COLAB_PYTHON ?= $(shell for python in python3.13 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13.*/bin/python; do \
	"$$python" -c '$(COLABS)' 2>/dev/null && { echo "$$python"; exit; }; done)

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
RUN := $(BIN)/python

# Where `make environments` puts this Python's environment.
APART = .venv-$(shell $(PYTHON) -c 'import sys; print("py%d%d" % sys.version_info[:2])')

# Notebooks that pytest runs: derived from the .md files, see `make notebooks`.
NOTEBOOKS := $(shell git ls-files 'book/*.ipynb' 'exercises/*.ipynb')
WORKERS ?= 2

help: ## what there is
	@echo "make COMMAND, with COMMAND one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

python:
	@if [ -z "$(PYTHON)" ]; then echo "vicourse: no Python 3.11, 3.12 or 3.13 on this machine \
	($$(python3 --version 2>&1 | head -n 1)). Install one, or name it: make PYTHON=/path/to/python3.12 ..."; \
	exit 1; fi

env: python ## the environment in .venv, at locked versions (the other commands call it)
	@$(PYTHON) tools/make_env.py

book: env ## build the book: every chapter executed, warnings are errors
	@$(RUN) tools/build_book.py

serve: ## serve the built book at http://localhost:8000
	@test -f _build/html/index.html || { echo "vicourse: no book yet: run \`make book\` first."; exit 1; }
	@echo "==> http://localhost:$(or $(PORT),8000)  (Ctrl-C stops it)"
	@$(RUN) -m http.server --directory _build/html --bind 127.0.0.1 $(or $(PORT),8000)

test: env ## all tests: the package, then every notebook
	@echo "==> Testing the package, the tools and the exercises: what is quick"
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile -m "not slow"
	@echo "==> ... and what is slow (processes of its own: TensorFlow gives little memory back)"
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile -m slow
	@$(MAKE) --no-print-directory test-notebooks

test-quick: env ## the package's quick tests, without notebooks
	@$(RUN) -m pytest -n $(WORKERS) --dist loadfile -m "not slow" -q

test-notebooks: env ## run every notebook and compare the outputs that are marked for it
	@echo "==> Running every notebook ($(words $(NOTEBOOKS)) of them)"
	@$(RUN) -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout 600 -n $(WORKERS) \
	--dist loadfile -p no:cacheprovider -o addopts= $(NOTEBOOKS)

planted-bugs: env ## plant every slip of the catalogue, and see which test catches it
	@$(RUN) tests/planted_bugs/planted_report.py $(ONLY)

exercises: env ## what the exercises accept and refuse, in figures (ONLY="elbo" for a part)
	@$(RUN) tests/check/exercise_report.py $(ONLY)

notebooks: env ## derive every .ipynb from its .md
	@$(RUN) tools/notebooks.py

lint: env ## style, and whether the notebooks are in step with their sources
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) tools/notebooks.py --check

format: env ## put the code into the house's format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

colab-test: ## every notebook as Colab runs it: its packages, alone, in .venv-colab (ONLY="name name" for a part)
	@if [ -z "$(COLAB_PYTHON)" ]; then echo "vicourse: no Python 3.13 on this machine, which is \
	Colab's. Install it, or name it: make COLAB_PYTHON=/path/to/python3.13 colab-test"; exit 1; fi
	@"$(COLAB_PYTHON)" tools/make_env.py --colab
	@.venv-colab/bin/python tools/colab_test.py $(if $(ONLY),--only $(ONLY))

environments: python ## every notebook alone in a Python's lock, in .venv-py312 or the like (PYTHON=python3.12, ONLY="elbo", TESTS=yes)
	@$(PYTHON) tools/make_env.py --apart
	@$(APART)/$(notdir $(BIN))/python tools/environments.py $(if $(TESTS),--tests) $(if $(ONLY),--only $(ONLY))

dist: env ## build the wheel and the source archive into dist/, and look at what they contain
	@$(RUN) tools/build_dist.py

lock: env ## resolve the locks anew (COLAB=pip-freeze.txt takes over Colab's newest list first)
	@$(RUN) tools/make_locks.py $(if $(COLAB),--colab "$(COLAB)")

bench: env ## time a training step beside JAX and PyTorch (where they are installed)
	@$(RUN) benchmarks/training_step.py

clean: ## remove what was built; `.venv` and your runs stay
	rm -rf _build build dist .pytest_cache .ruff_cache
