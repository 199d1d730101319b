# fhir-coder: `make run` for a first look, `make test` for the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export FHIR_CODER_DATA ?= $(CURDIR)/.data
# Tests start many processes: where the environment forbids it, each would compile every module, and pytest rewrite every test, once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install run test index soak bench lint lock screenshots clean

install: $(VENV)/.installed

# torch is installed first and pinned: left to the resolver, the newest CUDA build (several GB) would come.
$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

run: install
	$(BIN)/fhir-coder demo --stay

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# mypy uses one core: the index is built beside it, and a job server is asked for whether or not make was.
test: install
	$(MAKE) --jobs=2 lint index
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

index: install
	$(BIN)/fhir-coder index build

# The deployed set with hashes, for Python 3.11 on Linux x86_64. torch is installed apart (docs/operation.md): tools/torch_apart.txt says why.
lock: install
	$(BIN)/pip install --quiet 'uv>=0.9'
	$(BIN)/uv pip compile setup.cfg --extra postgresql --extra celery --extra redis --override tools/torch_apart.txt --output-file requirements.lock --quiet \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

# Pictures of the pages for the documentation; needs Chromium.
screenshots: install
	$(BIN)/python -m tools.screenshots

bench: install
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.edits
	$(BIN)/python -m benchmarks.boundary

soak: install
	$(BIN)/pytest -m soak
	FHIR_CODER_TEST_RANDOM=1 $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV) .data build dist *.egg-info
