# Umbel needs Python >= 3.11, make and git. Everything else is set up by these targets; a second run is instant.

PYTHON ?= python3
PORT ?=
PERSIST ?=
ARGS ?=
DATA ?=

bin := .venv/bin
tools := $(PYTHON) -m umbel.toolchain
# From make's command line alone: other programs have a PORT in the environment, too. UMBEL_PORT is ours.
given = $(if $(filter command,$(origin $(1))),$($(1)))
port := $(call given,PORT)
# $(call on,WORD): empty for what people write for no.
on = $(filter-out 0 no No NO false False FALSE off Off OFF,$(1))
persist := $(if $(call on,$(PERSIST)),--persist,$(if $(PERSIST),--no-persist))
up_options := $(if $(port),--port $(port)) $(persist) $(ARGS)
# What PERSIST=1 keeps, which `make clean` deletes only when it is told to.
kept := .umbel/data
forget := $(call on,$(call given,DATA))
say_kept := The data that PERSIST=1 keeps in $(kept) is deleted by make clean DATA=1: move it or say so
look_at_kept = if [ -n "$$(ls -A $(kept) 2>/dev/null)" ]; then \
	echo "$(if $(forget),Deleting $(kept) as well,$(say_kept))" >&2; $(if $(forget),true,exit 1); fi

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

clean: ## Delete everything that these targets made (DATA=1: kept data, too)
	@$(look_at_kept)
	@$(MAKE) --no-print-directory down
	@$(look_at_kept)
	@rm -rf .venv .umbel .build cdk.out node_modules frontend/node_modules frontend/dist
