# make demo: set up and make three sessions.   make test: set up and run all checks and tests.
# make lock: pin the newest dependencies.      make example: renew outputs/example from the demo.
# make real-servers: whole sessions against llama.cpp and transformers serve, installed into .real-servers.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
# Many tests wait, for a child or for the clock: three processes for two processors.
WORKERS = $(shell $(PYTHON) -c 'import os; print(os.cpu_count() * 3 // 2)')

.PHONY: demo test lock example schemas bench real-servers clean

demo: $(READY)
	@rm -rf outputs/demo
	@$(BIN)/couplesim generate --sessions 3 --out outputs/demo
	@echo
	@$(BIN)/couplesim show outputs/demo
	@echo
	@echo "Three sessions, one of them above. Turns marked [cut off] ran out of their 150 tokens, on purpose."
	@echo "Transcripts: outputs/demo/transcripts/   (scripted rehearsal text, no language model)"
	@echo "Next: . .venv/bin/activate, then couplesim list, couplesim preview,"
	@echo "      OPENAI_API_KEY=... couplesim generate --model gpt-4o --couple ruth-harold"

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) -rs

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "couplesim needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once; about a minute)..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

lock:
	uv pip compile pyproject.toml --extra dev --extra export --extra figures --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements.txt

example: demo
	rm -rf outputs/example && mkdir -p outputs/example
	cp -r outputs/demo/plan.yaml outputs/demo/transcripts outputs/example/

schemas: $(READY)
	$(BIN)/couplesim schema --out schemas

bench: $(READY)
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.rehearsal
	$(BIN)/python -m benchmarks.checking
	$(BIN)/python -m benchmarks.tuning
	$(BIN)/python -m benchmarks.reporting
	$(BIN)/python -m benchmarks.viewing

real-servers: $(READY)
	$(BIN)/python -m tests.real_servers.servers
	$(BIN)/pytest -m real_servers --durations=0 -v tests/real_servers

clean:
	rm -rf .venv
