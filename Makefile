# One command a target. `make help` lists them.
SHELL := /bin/bash
GO ?= go
PORT ?= 8080
DATA ?= data
FUNCTIONS := $(notdir $(wildcard functions/*))
TOOLS := $(CURDIR)/.cache/tools

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: bin ## start the shop on http://127.0.0.1:8080 (PORT=, DATA=); the first start makes it up and trains
	@dist/shopkeeper serve --port $(PORT) --data $(DATA)

VENDOR := shared/console/assets/vendor

.PHONY: assets
assets: $(VENDOR)/htmx.min.js ## front-end libraries of the console, from the npm registry

$(VENDOR)/htmx.min.js: node_modules/.package-lock.json
	@mkdir -p $(VENDOR)
	@cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx.org/LICENSE $(VENDOR)/
	@touch $@

.PHONY: bin
bin: assets ## build the command line as dist/shopkeeper
	@mkdir -p dist
	$(GO) build -trimpath -o dist/shopkeeper ./scripts/shopkeeper

.PHONY: setup
setup: node_modules/.package-lock.json ## what the tests need from the npm registry

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	@touch $@

.PHONY: test
test: setup assets build ## every test that needs Go and Node alone
	$(GO) vet ./...
	$(GO) test $(TESTFLAGS) ./...

.PHONY: race
race: ## the tests again under the race detector, but for the generated infrastructure code
	$(GO) test -race $$($(GO) list ./... | grep -v -e /infra -e /deploytest -e /browsertest)

.PHONY: check
check: lint test ## what a change must pass before it is proposed

FUZZTIME ?= 10s
.PHONY: fuzz
fuzz: ## every fuzz test for FUZZTIME
	scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: bin build-host ## every measured claim, beside the peers' figures
	$(GO) run ./scripts/bench

.PHONY: bench-recommend
bench-recommend: bin ## recommendations: how good, how fast, how large (SHOPKEEPER_DATA= for real data, BENCHFLAGS=-quick)
	$(GO) run ./scripts/bench -recommend $(BENCHFLAGS)

.PHONY: bench-offers
bench-offers: ## what the choice of offers loses against a known truth, and what a choice costs
	OFFER_RUNS=12 $(GO) test ./shared/offer -count=1 -v -run "TestRegret|TestDelaysOfYoungCohorts" -bench Choose

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## linters, each with its reason in .golangci.yml
	$(TOOLS)/golangci-lint run ./...

$(TOOLS)/golangci-lint: scripts/tools/go.mod
	@mkdir -p $(TOOLS)
	cd scripts/tools && GOBIN=$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: gen
gen: ## rewrite generated files: OpenAPI document, template snapshots, wanted results of events/
	$(GO) test ./functions/... ./shared/web ./infra -update

BUILD := CGO_ENABLED=0 GOOS=linux $(GO) build -trimpath -buildvcs=false -tags lambda.norpc -ldflags "-s -w -buildid="

.PHONY: build
build: assets $(addprefix build-,$(FUNCTIONS)) ## release bootstraps, dist/<name>/bootstrap for linux/arm64, reproducible

build-%:
	@mkdir -p dist/$*
	@GOARCH=arm64 $(BUILD) -o dist/$*/bootstrap ./functions/$*

.PHONY: build-host
build-host: assets ## the same bootstraps for this machine's architecture, dist/host/<name>/bootstrap (emulator, benchmarks)
	@for f in $(FUNCTIONS); do mkdir -p dist/host/$$f && $(BUILD) -o dist/host/$$f/bootstrap ./functions/$$f || exit 1; done

STAGE ?= dev
CDK := JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 npx cdk
CHOICES = -c stage=$(STAGE) $(if $(CONSENT),-c consent=$(CONSENT)) $(if $(ALARM_MAIL),-c alarmMail=$(ALARM_MAIL)) $(if $(ADDRESS),-c address=$(ADDRESS)) $(if $(SHOP),-c shop=$(SHOP)) $(if $(TRAIN),-c train=$(TRAIN)) $(if $(ISSUER),-c issuer=$(ISSUER) -c audience=$(AUDIENCE))

.PHONY: synth
synth: setup build ## templates into cdk.out, without an account (STAGE=dev|prod, CONSENT=required|implied)
	$(CDK) synth --quiet $(CHOICES)

.PHONY: deploy
deploy: setup build ## deploy STAGE to the account of your credentials (CONSENT=, ALARM_MAIL=, TRAIN=warehouse)
	$(CDK) bootstrap $(CHOICES)
	$(CDK) deploy --all --require-approval never $(CHOICES)

.PHONY: clean
clean: ## remove what was built, not the data
	rm -rf dist cdk.out ci-output
