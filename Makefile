# Umbel needs Python >= 3.11 and make. Everything else is set up by these targets; a second run is instant.

# One that starts: a version manager's `python3` may not. `umbel.bootstrap` looks for a newer one when it is too old.
ifndef PYTHON
PYTHON := $(firstword $(shell for each in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	"$$each" -E -c 1 2>/dev/null && { echo "$$each"; break; }; done) python3)
endif
PORT ?=
PERSIST ?=
ARGS ?=

bin := .venv/bin
# -E: PYTHONPATH, PYTHONSAFEPATH, PYTHONOPTIMIZE and their kin change nothing.
tools := "$(PYTHON)" -E -m umbel.bootstrap
# Runs a command with the project's tools on the path, in a clean environment.
run := $(bin)/python -I -m umbel.toolchain run
up_options := $(if $(PORT),--port $(PORT)) $(if $(PERSIST),--persist) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help up down setup browser test check deploy bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

up: setup ## Set up, start the local engine, deploy, print the web address (PORT=4570 PERSIST=1)
	@$(bin)/umbel up $(up_options)

down: ## Let what is in flight end, then stop everything (ARGS=--now: at once)
	@if [ -x $(bin)/umbel ]; then $(bin)/umbel down $(ARGS); else echo "Umbel is not set up here"; fi

setup: ## Make whatever is missing: Python packages, Node, the CDK, the local engine
	@$(tools) setup

browser: setup
	@$(tools) browser

test: setup browser ## Every test (ARGS="-k upload")
	@$(run) npm test --silent -w frontend
	@$(run) python -m pytest tests $(ARGS)

check: setup ## Lint, types, fast tests
	@$(run) ruff check . && $(run) ruff format --check .
	@$(run) mypy umbel infra functions layers/core
	@$(run) python -m pytest tests -m "not engine and not browser" $(ARGS)
	@$(run) npm run --silent check -w frontend

deploy: setup ## Deploy to AWS (ARGS="-c reserve=false")
	@$(bin)/umbel doctor --deploy $(ARGS)
	@$(tools) page
	@$(bin)/cdk deploy $(ARGS)

bench: setup ## Measure the pipeline (ARGS=jobs, ARGS=tasks, ARGS=web)
	@$(bin)/python -I -m bench $(ARGS)

clean: down ## Delete everything that these targets made
	@rm -rf .venv .umbel .build cdk.out node_modules frontend/node_modules frontend/dist
