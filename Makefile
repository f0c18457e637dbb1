# Umbel needs Python >= 3.11, make and git. Everything else is set up by these targets; a second run is instant.

PYTHON ?= python3
PORT ?=
PERSIST ?=
ARGS ?=

bin := .venv/bin
tools := $(PYTHON) -m umbel.toolchain
# HOST from the command line alone: some shells export a HOST of their own, and it opens the engine to others.
up_options := $(if $(PORT),--port $(PORT)) $(if $(PERSIST),--persist) $(if $(filter command,$(origin HOST)),--host "$(HOST)") $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help up down setup browser test check deploy bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

up: setup ## Set up, start the local engine, deploy, print the web address (PORT=4570 PERSIST=1 HOST=devbox)
	@$(bin)/umbel up $(up_options)

down: ## Let what is in flight end, then stop everything (ARGS=--now: at once)
	@if [ -x $(bin)/umbel ]; then $(bin)/umbel down $(ARGS); else echo "Umbel is not set up here"; fi

setup: ## Make whatever is missing: Python packages, Node, the CDK, the local engine
	@$(tools) setup

browser: setup
	@$(tools) browser

test: setup browser ## Every test (ARGS="-k upload")
	@PATH="$(CURDIR)/.umbel/node:$$PATH" npm test --silent -w frontend
	@$(bin)/pytest tests $(ARGS)

check: setup ## Lint, types, fast tests
	@$(bin)/ruff check . && $(bin)/ruff format --check .
	@$(bin)/mypy umbel infra functions layers/core
	@$(bin)/pytest tests -m "not engine and not browser" $(ARGS)
	@PATH="$(CURDIR)/.umbel/node:$$PATH" npm run --silent check -w frontend

deploy: setup ## Deploy to AWS (ARGS="-c reserve=false")
	@$(bin)/umbel doctor --deploy $(ARGS)
	@$(tools) page
	@$(bin)/cdk deploy $(ARGS)

bench: setup ## Measure the pipeline (ARGS=jobs, ARGS=tasks, ARGS=web)
	@$(bin)/python -m bench $(ARGS)

clean: down ## Delete everything that these targets made
	@rm -rf .venv .umbel .build cdk.out node_modules frontend/node_modules frontend/dist
