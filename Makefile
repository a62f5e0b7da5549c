.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
CONFIG ?= conf/demo.yaml
QUICK := not (system or long or faults or cluster or registry)
IN_PARALLEL := --numprocesses 2 --dist loadfile --no-loadscope-reorder

##@ Try it
.PHONY: demo
demo: setup ## Simulate a shop and take it from raw files to the report
	@$(PYTHON) jobs/demo.py --config $(CONFIG)

.PHONY: serve
serve: setup ## Show the published figures in a browser: http://127.0.0.1:8765/ (CONFIG=shop.yaml for your own)
	@$(PYTHON) -m jobs.serve --config $(CONFIG)

.PHONY: sql
sql: setup ## Serve what is published to BI tools by JDBC and ODBC; CONFIG=shop.yaml PORT=10000
	@$(PYTHON) -m jobs.cli sql-server --config $(CONFIG) --port $(or $(PORT),10000)

##@ Work on it
.PHONY: test
test: setup ## Lint, types and tests
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(PYTHON) -m pytest -m "$(QUICK)" $(IN_PARALLEL) --durations 20

.PHONY: test-long
test-long: setup ## Run the tests that take minutes
	@$(PYTHON) -m pytest -m long

.PHONY: bench
bench: setup ## Sessions to credits against Spark's floor and DuckDB; BENCH=small, large or skew for other sizes
	@$(PYTHON) bench/bench.py

.PHONY: bench-ingest
bench-ingest: setup ## Landed files into bronze, 59 days and one more day; VISITORS=24000 for a smaller shop
	@$(PYTHON) bench/bench_ingest.py

.PHONY: bench-increment
bench-increment: setup ## One more day against a full build of 60 days; EVENTS=1000000 for a smaller shop
	@$(PYTHON) bench/bench_increment.py

.PHONY: bench-small
bench-small: setup ## Whole runs on little data: one more day, nothing new; SHOPS=small or demo for one of the shops
	@$(PYTHON) bench/bench_small_runs.py

.PHONY: bench-engines
bench-engines: setup ## Every table on Spark and on Sail, compared row by row (2 million events, about 5 minutes)
	@$(PYTHON) bench/bench_engines.py

.PHONY: test-faults
test-faults: setup ## Kill the pipeline 30 times at random moments and compare the tables (about an hour and a half; KILLS=10)
	@KILLS=$(or $(KILLS),30) $(PYTHON) -m pytest -q -m faults

.PHONY: test-cluster
test-cluster: setup ## The commands of docs/running.md on a real cluster, one worker killed (some minutes)
	@$(PYTHON) -m pytest -q -m cluster

.PHONY: test-system
test-system: setup ## What needs real parts: the builders' tests on Spark, histories with killed runs, a cluster
	@$(PYTHON) -m pytest --engine spark tests/touchpoints tests/attribution tests/ltv -m "$(QUICK)" $(IN_PARALLEL)
	@scripts/bootstrap.sh chromium
	@$(PYTHON) -m pytest -m system $(IN_PARALLEL) --durations 40
	@$(PYTHON) -m pytest -q -m cluster

.PHONY: test-registry
test-registry: setup ## Registered models where nothing of this is installed, and a registry on PostgreSQL
	@scripts/bootstrap.sh postgresql
	@$(PYTHON) -m pytest -m registry $(IN_PARALLEL)

.PHONY: pictures
pictures: setup ## Pictures of every page, in both languages and themes, wide and narrow, into build/pictures
	@scripts/bootstrap.sh chromium
	@$(PYTHON) scripts/pictures.py --config $(CONFIG)

.PHONY: bench-pages
bench-pages: setup ## The pages: start, memory, time of each page, 50 readers for a minute (after `make demo`)
	@$(PYTHON) bench/bench_pages.py --config $(CONFIG)

.PHONY: pack
pack: setup ## Pack the project for a cluster's workers; EXTRA=all for a driver on the cluster too
	@scripts/pack.sh $(EXTRA)

.PHONY: bench-ltv
bench-ltv: setup ## Value models against the lifetimes package, 1,000,000 customers (about 10 minutes)
	@$(PYTHON) bench/bench_ltv.py

.PHONY: bench-models
bench-models: setup ## Markov, Shapley and rules on 1,000,000 journeys (about 1 minute)
	@$(PYTHON) bench/bench_models.py

.PHONY: format
format: setup ## Format the code
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

.PHONY: lock
lock: setup ## Rewrite requirements.lock from setup.py
	@.venv/bin/uv pip compile setup.py --extra dev --python-version 3.11 --no-emit-index-url --no-header \
		--generate-hashes --quiet --output-file requirements.lock

.PHONY: docs
docs: setup ## Write the pages that follow from the code: data dictionary, settings, metrics, runbook, rule models
	@$(PYTHON) -m warehouse.dictionary > docs/data-dictionary.md
	@$(PYTHON) -m jobs.settings_page > docs/settings.md
	@$(PYTHON) -m published.metrics_page > docs/metrics.md
	@$(PYTHON) -m dashboard.runbook > docs/runbook.md
	@$(PYTHON) -m jobs.lineage_file > published/lineage.json
	@$(PYTHON) -m attribution.rules_page
	@$(PYTHON) -m intake.reasons_page

##@ House
.PHONY: setup
setup: ## Install Java, virtual environment, packages, Delta's JARs (the other targets run it)
	@scripts/bootstrap.sh

.PHONY: clean
clean: ## Remove the files of the demo and of the tests
	@rm -rf demo .pytest_cache .ruff_cache .mypy_cache .hypothesis spark-warehouse

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*##/ {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
