# Umbel needs Python >= 3.11 and make. Everything else is set up by these targets; a second run is instant.

# One that starts: a version manager's `python3` may not. `umbel.bootstrap` looks for a newer one when it is too old.
ifndef PYTHON
PYTHON := $(firstword $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	"$$each" -E -c 1 2>/dev/null && { echo "$$each"; break; }; done) python3)
endif
PORT ?=
PERSIST ?=
ARGS ?=
DATA ?=

bin := .venv/bin
# -E: PYTHONPATH, PYTHONSAFEPATH, PYTHONOPTIMIZE and their kin change nothing.
tools := "$(PYTHON)" -E -m umbel.bootstrap
# Runs a command with the project's tools on the path, in a clean environment.
run := $(bin)/python -I -m umbel.toolchain run
# From make's command line alone: other programs have a PORT or a HOST in the environment, too. UMBEL_PORT is ours.
given = $(if $(filter command,$(origin $(1))),$($(1)))
port := $(call given,PORT)
host := $(call given,HOST)
# $(call on,WORD): empty for what people write for no.
on = $(filter-out 0 no No NO false False FALSE off Off OFF,$(1))
persist := $(if $(call on,$(PERSIST)),--persist,$(if $(PERSIST),--no-persist))
up_options := $(if $(port),--port $(port)) $(persist) $(if $(host),--host "$(host)") $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help up down doctor setup browser test check deploy machines bench bench-pixels fuzz test-endpoint trust mutants generate clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: setup ## Set up, start the local engine, deploy, print the web address (PORT=4570 PERSIST=1 HOST=devbox)
	@$(bin)/umbel up $(up_options)

down: ## Let what is in flight end, then stop everything (ARGS=--now: at once)
	@$(tools) down $(ARGS)

doctor: ## Say what stands in the way on this machine (ARGS=--aws: and in the account)
	@if [ -x $(bin)/umbel ]; then $(bin)/umbel doctor $(ARGS); else $(tools) look; fi

setup: ## Make whatever is missing: Python packages, Node, the CDK, the local engine
	@$(tools) setup

browser: setup
	@$(tools) browser

test: setup browser ## Every test (ARGS="-k upload")
	@$(run) npm test --silent -w frontend
	@$(run) python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup ## Lint, types, fast tests
	@$(run) ruff check . && $(run) ruff format --check .
	@$(run) mypy umbel infra functions layers/core tests bench
	@$(run) python -m pytest tests -m "not engine and not browser" $(ARGS)
	@$(run) npm run --silent check -w frontend

deploy: setup ## Deploy to AWS (ARGS="-c reserve=false")
	@$(bin)/umbel doctor --deploy $(ARGS)
	@$(tools) page
	@$(bin)/cdk deploy $(ARGS)

fuzz: setup ## Compare what the running API answers with its OpenAPI document (ARGS=200: examples per call)
	@$(bin)/python -I -m tests.fuzz $(ARGS)

trust: setup ## Try to break what Umbel promises, and print a report (ARGS=fuzz: this part)
	@$(run) python -I -m tests.trust $(ARGS)

test-endpoint: setup ## What works on another local engine (UMBEL_TEST_ENDPOINT=http://localhost:4566)
	@$(run) python -I -m tests.endpoint

mutants: setup ## Change the sources in small ways and see whether the fast tests notice (ARGS="umbel_core.fold relay")
	@$(bin)/python -I -m tests.mutants $(ARGS)

generate: setup ## Write what is made from the contract: docs/*.json, the front end's types, tables in the documents
	@$(run) python -I -m infra.generate
	@$(run) python -I -m tests.access.matrix

machines: setup ## Set up and upload under each condition of docs/local.md (ARGS="moved copied")
	@$(bin)/python -I -m tests.machines $(ARGS)

bench: setup ## Measure the pipeline (ARGS=jobs, ARGS=tasks, ARGS=web)
	@$(bin)/python -I -m bench $(ARGS)

bench-pixels: setup ## Compare the picture ops with libvips and sharp; write docs/performance.md (ARGS="--only blur")
	@-$(run) npm ci --silent --prefix bench/sharp
	@$(run) python -m bench.pixels $(ARGS)

clean: ## Delete everything that these targets made (DATA=1: what PERSIST=1 kept, too)
	@$(tools) clean $(if $(call on,$(call given,DATA)),--data)
