# Bare `make` explains itself. Every target sets up .venv first if it has to.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON_BIN := .venv/bin/python
EFFORT ?= 0.02
ARGS ?=

.PHONY: help ready demo down status tour smoke e2e foreign-clients bench-gateway prove-api first-run test check seed-large bench-web bench-river bench-ledger bench-fraud bench-wallets prove-wallets prove-payments prove-ledger bench-payments bench-notifications prove-notifications prove-reconciliation bench-reconciliation

help: ## Show this.
	@echo 'usage: make TARGET [ARGS="..."]'
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  Start with: make demo. It needs Python 3.12 or newer and nothing else.'

ready: ## Set up .venv from requirements.lock; done by every other target.
	@sandbox/bootstrap.sh

demo: ready ## Start everything with a seeded story and print links and logins (Ctrl-C stops).
	@exec $(PYTHON_BIN) -m sandbox demo $(ARGS)

down: ready ## Stop the demo from another terminal.
	@$(PYTHON_BIN) -m sandbox down $(ARGS)

status: ready ## Say what runs, where, and whether it is ready.
	@$(PYTHON_BIN) -m sandbox status $(ARGS)

tour: ready ## Walk through the running demo in a minute, with a link at each step.
	@$(PYTHON_BIN) -m sandbox tour $(ARGS)

smoke: ready ## Drive one payment through every room of a throw-away instance; JSON on stdout.
	@$(PYTHON_BIN) -m sandbox smoke $(ARGS)

e2e: ready ## Drive every page and job in Debian's Chromium; ends with N passed, N failed.
	@$(PYTHON_BIN) -m tests.e2e $(ARGS)

foreign-clients: ready ## Drive the API with clients nobody here wrote; ARGS="stripe_node --requests 500".
	@$(PYTHON_BIN) -m tests.foreign.clients $(ARGS)

bench-gateway: ready ## Measure the gateway over a null view, in CPU and round trips; ARGS="--calls 500".
	@$(PYTHON_BIN) -m benchmarks.gateway $(ARGS)

prove-api: ready ## The API's campaigns at EFFORT=1 unless told; ARGS="-k races" for a part.
	@EFFORT=$(if $(filter file,$(origin EFFORT)),1,$(EFFORT)) $(PYTHON_BIN) -m tests.prove api $(ARGS)

first-run: ready ## Clone, start and take a first payment in Chromium; at most 3 minutes.
	@$(PYTHON_BIN) -m tests.e2e.first_run

test: ready ## Run all tests on embedded servers; EFFORT (default 0.02) scales the long ones.
	@echo "EFFORT=$(EFFORT)"
	@EFFORT=$(EFFORT) $(PYTHON_BIN) -m pytest -n 2 $(ARGS)

check: ready ## Lint, format, types, import contracts, migrations, dependencies, Dockerfile.
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTHON_BIN) -m sandbox exec --scratch -- .venv/bin/mypy --cache-dir .mypy_cache/check fintech config sandbox
	.venv/bin/lint-imports
	$(PYTHON_BIN) -m sandbox exec --scratch -- $(PYTHON_BIN) manage.py makemigrations --check --dry-run
	.venv/bin/deptry fintech config --per-rule-ignores "DEP002=gunicorn|uvicorn|uvicorn-worker|uvloop|httptools|whitenoise"
	.venv/bin/hadolint Dockerfile

seed-large: ready ## Give the demo's database 200,000 payments through the batch services (ARGS="--payments N").
	@$(PYTHON_BIN) -m sandbox exec -- $(PYTHON_BIN) -m benchmarks.seed_large $(ARGS)

bench-web: ready ## Measure every list page on 200,000 payments, LCP and page sizes; PAYMENTS=200000 ROUNDS=30.
	@$(PYTHON_BIN) -m benchmarks.web $(ARGS)

bench-river: ready ## Measure payments per second beside a null view; CLIENTS=8 ROUNDS=3.
	@$(PYTHON_BIN) -m benchmarks.river $(ARGS)

bench-ledger: ready ## Measure the ledger beside pgbench; ROUNDS=5 SECONDS_PER_ROUND=3.
	@$(PYTHON_BIN) -m benchmarks.ledger $(ARGS)

bench-fraud: ready ## Measure the fraud model beside the Handbook's table, and how quick it is.
	@$(PYTHON_BIN) -m sandbox exec --scratch -- $(PYTHON_BIN) -m benchmarks.fraud $(ARGS)

bench-wallets: ready ## Measure transfers beside django-hordak and pgbench; ROUNDS=5 SECONDS_PER_ROUND=3.
	@$(PYTHON_BIN) -m benchmarks.wallets $(ARGS)

prove-wallets: ready ## Races, crossing transfers, limits, model: at EFFORT=1 unless told; PARTS=races,machine RESUME=1.
	@EFFORT=$(if $(filter file,$(origin EFFORT)),1,$(EFFORT)) $(PYTHON_BIN) -m benchmarks.prove_wallets $(ARGS)

prove-payments: ready ## Kill points, races, model, killed server: at EFFORT=1 unless told; PARTS= for some.
	@EFFORT=$(if $(filter file,$(origin EFFORT)),1,$(EFFORT)) $(PYTHON_BIN) -m benchmarks.prove_payments

prove-ledger: ready ## The ledger's campaigns at EFFORT=1 unless told; ARGS="-k machine" for a part.
	@EFFORT=$(if $(filter file,$(origin EFFORT)),1,$(EFFORT)) $(PYTHON_BIN) -m tests.prove ledger $(ARGS)

bench-payments: ready ## Measure payments over HTTP beside pgbench and a null view; ROUNDS=3, MEMORY_PAYMENTS=50000.
	@$(PYTHON_BIN) -m benchmarks.payments $(ARGS)
bench-notifications: ready ## Measure webhooks beside a bare httpx loop; ROUNDS=3 EVENTS=500.
	@$(PYTHON_BIN) -m benchmarks.notifications $(ARGS)

prove-notifications: ready ## Tell 10,000 events to 20 endpoints, good and bad, through every fault: at EFFORT=1 unless told.
	@EFFORT=$(if $(filter file,$(origin EFFORT)),1,$(EFFORT)) $(PYTHON_BIN) -m benchmarks.prove_notifications $(ARGS)

prove-reconciliation: ready ## Real and damaged files, planted breaks, any split, ten kills; ARGS="-k kill" for a part.
	@EFFORT=$(if $(filter file,$(origin EFFORT)),1,$(EFFORT)) $(PYTHON_BIN) -m tests.prove reconciliation $(ARGS)

bench-reconciliation: ready ## Compare 100,000 lines thrice told, beside pandas; and from 10,000 to 1,000,000.
	@$(PYTHON_BIN) -m benchmarks.reconciliation $(ARGS)
