# Everything a user or developer runs; each target prepares .venv first.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.locked
PEERS := build/peers/.tried
ARGS ?=
# Threads that wait must not burn the core that another process needs
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: run test check format bench lock clean

run: $(READY)  ## the main job, end to end; ARGS=--no-serve stops before the service stays up
	$(BIN)/python quickstart.py $(ARGS)

test: $(READY) check  ## all checks and all tests
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

check: $(READY)  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## write the format and the fixes that are safe
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) $(PEERS)  ## benchmarks as ratios within one run; ONLY=features for one
	PYTHONPATH=. $(BIN)/python tests/benchmarks/run.py $(ONLY)

lock:  ## resolve pyproject.toml again (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-header --upgrade -o requirements.lock

$(READY): requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	touch $(READY)

$(PEERS): tests/benchmarks/peers.txt  ## other tools, for the benchmarks alone; without them these are left out
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet -r tests/benchmarks/peers.txt || true
	touch $(PEERS)

clean:
	rm -rf .venv build
