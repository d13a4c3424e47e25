# Two commands do everything on a fresh machine: `make course` runs the course, `make test` passes the tests.
# Both make .venv and install into it by themselves; the second time they find it ready.

PYTHON ?= python3
PROFILE ?= cpu
OUT ?= out
VENV := .venv
READY := $(VENV)/.ready
READY_TO_TEST := $(VENV)/.ready-to-test

.PHONY: course test site lint lock clean

course: $(READY)
	$(VENV)/bin/srlib course --profile $(PROFILE) --out "$(OUT)" $(ARGS)

test: $(READY_TO_TEST)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/python -m pytest $(ARGS)

# The executed notebooks as pages; runs the course first where it has not been run. Open out/site/index.html.
site: $(READY_TO_TEST)
	test -d "$(OUT)/executed" || $(VENV)/bin/srlib course --profile $(PROFILE) --out "$(OUT)" $(ARGS)
	$(VENV)/bin/srlib site --executed "$(OUT)/executed" -o "$(OUT)/site"

lint: $(READY_TO_TEST)
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/srlib student

# New versions within pyproject.toml's ranges: what the course needs, and what the tests need beside it.
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate pyproject.toml \
  --extra course
lock: $(READY)
	$(VENV)/bin/python -m pip install --quiet uv
	$(COMPILE) --upgrade --output-file requirements.lock
	$(COMPILE) --upgrade --extra dev --extra jax --extra faces --extra identity --extra reference --extra cluster \
	  --extra export --extra app --extra browser --extra site --constraint requirements.lock --output-file requirements-dev.lock

# Rebuilt when the versions or the package's own description change.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet --requirement requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@

$(READY_TO_TEST): $(READY) requirements-dev.lock
	$(VENV)/bin/python -m pip install --quiet --requirement requirements-dev.lock
	touch $@

clean:
	rm -rf $(VENV) $(OUT) .pytest_cache .ruff_cache
