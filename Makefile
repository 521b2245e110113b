# Start with `make run` or `make test`; both set up .venv.

PYTHON ?= python3
BIN := .venv/bin
# an empty OLIST_HOME counts as unset; recipes use "$$OLIST_HOME", which may hold blanks
ifeq ($(OLIST_HOME),)
override OLIST_HOME := .local
endif
export OLIST_HOME

.PHONY: run up down test test-slow test-full lint lint-terraform format bench coverage docs screenshots ui lock licences \
	sbom clean help

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: .venv/ready ## Load one batch: OLIST_SOURCE, else 10,000 generated orders
	@$(BIN)/olist run

test: .venv/ready ## Run the tests
	@$(BIN)/pytest

test-slow: .venv/ready ## Run what CI runs besides: the stack end to end, kills, planted defects
	@$(BIN)/pytest -m "slow and not full"

test-full: .venv/ready ## Run all tests, including those of minutes: replays, sixty kills
	@$(BIN)/pytest -m "full or not full"

lint: .venv/ready ## Check style, types, imports between folders, and SQL
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint --disable-progress-bar sql

lint-terraform: .venv/terraform/ready ## Check Terraform with Checkov; then `make test` also checks arguments
	.venv/terraform/bin/checkov --directory infra/terraform --framework terraform --compact --quiet \
		--skip-download

format: .venv/ready ## Format the code and fix lint errors
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready ## Time a full-size load, daily batches, a backfill and the local Redshift
	$(BIN)/python -m tests.bench.full_load
	$(BIN)/python -m tests.bench.daily_batch
	$(BIN)/python -m tests.bench.local_redshift

coverage: .venv/ready ## Regenerate COVERAGE.md of the local Redshift
	@$(BIN)/python -m docs.tools.redshift_coverage

up: .venv/ready ## Start S3, Redshift, Prefect server and worker in the background, and deploy
	@$(BIN)/olist up

down: ## Stop what `make up` started; state is kept
	@$(BIN)/olist down

docs: .venv/ready ## Regenerate the pages of docs/ that come from the code
	@$(BIN)/python -m docs.tools.pages

screenshots: .venv/ready ## Retake the README's screenshots from the last run; needs Chromium
	@$(BIN)/python -m docs.tools.screenshots

ui: .venv/ready ## Show past runs in the Prefect UI
	@$(BIN)/olist ui

lock: .venv/ready ## Update and pin all dependencies, with the hashes of their files
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --upgrade --generate-hashes \
		--no-emit-index-url --no-header --output-file requirements.lock

licences: .venv/ready ## List the licences of all dependencies in licences.txt; check that they are allowed
	@$(BIN)/python -m docs.tools.licences

sbom: .venv/ready ## Write a bill of materials of .venv (CycloneDX, JSON)
	$(BIN)/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py environment \
		--output-format JSON --output-file sbom.cdx.json .venv/bin/python

clean: ## Remove all local state; .venv is kept
	rm -rf -- "$$OLIST_HOME"

# schema of the AWS provider, and Checkov in its own environment: 250 MB for Terraform checks only
.venv/terraform/ready: .venv/ready
	@echo "Fetching what checks Terraform …"
	@$(BIN)/uv venv --quiet --allow-existing .venv/terraform
	@$(BIN)/uv pip install --quiet --python .venv/terraform/bin/python checkov==3.3.30 pip
	@.venv/terraform/bin/python -m pip download --quiet --no-deps --dest .venv/terraform \
		cdktf-cdktf-provider-aws==21.22.1
	@touch $@

# pip and uv check the hash of each file that they install; `sync` also removes what is no longer locked;
# compiling bytecode here makes the first run faster
.venv/ready: requirements.lock pyproject.toml
	@echo "Setting up .venv (once; about a minute) …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0)'
	@$(PYTHON) -m venv .venv
	@awk '/^[^ ]/ { uv = /^uv==/ } uv && !/#/' requirements.lock > .venv/uv.lock.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python \
		requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
