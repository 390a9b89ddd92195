# What one does with the tree. `make` alone lists it.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

# A test that hangs is to tell where while somebody still looks.
TESTTIME   ?= 10m
FUZZTIME   ?= 5s

# How many packages are tested at a time under the race detector: tests wait more than they work.
RACE_AT_ONCE ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 3 ? 3 : n)))
SOAK_COUNT ?= 10

# The systems that the code must compile for. It has no C of its own; only the race detector
# needs cgo.
SYSTEMS := linux windows darwin freebsd

# Every module of the tree. The one in tools only pins programs and holds no package.
MODULES := $(sort $(patsubst %/go.mod,%,$(shell find . -name go.mod \
	-not -path './.*/*' -not -path '*/testdata/*' -not -path './bin/*' -not -path './node_modules/*')))
CODE := $(filter-out ./tools,$(MODULES))

# Whatever other languages' packages bring is not ours to format.
GO_FILES = find . \( -name node_modules -o -name '.?*' \) -prune -o -name '*.go' -print0
GOFMT = $(GO_FILES) | xargs -0 "$$(go env GOROOT)/bin/gofmt"
STATICCHECK = go tool -modfile="$(CURDIR)/tools/go.mod" staticcheck

step = @printf '\n== %s\n' "$(1)"

.PHONY: help
help: ## list the targets
	@echo 'usage: make TARGET [FUZZTIME=5s] [SOAK_COUNT=10] [OLD=COMMIT] [NEW=COMMIT]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: test
test: deps check-fmt vet lint check-tidy python node race allocs fuzz ## all checks and all tests: what must pass before a commit
	@printf '\nAll checks and tests passed.\n'

# All but this needs only Go.
.PHONY: deps
deps: ## what Python and Node need, at fixed versions, in .venv and node_modules here
	$(call step,deps)
	@tools/deps.sh

.PHONY: fmt
fmt: ## format the Go files
	@$(GOFMT) -w

.PHONY: check-fmt
check-fmt: ## fail if a Go file is not formatted
	$(call step,format)
	@files=$$($(GOFMT) -l) || exit 1; \
	if [ -n "$$files" ]; then echo "not formatted (make fmt):"; echo "$$files"; exit 1; fi
	@echo ok

.PHONY: vet
vet: ## go vet, for every system
	@for system in $(SYSTEMS); do \
		printf '\n== vet, %s\n' $$system; \
		CGO_ENABLED=0 GOOS=$$system go vet ./... || exit 1; \
		echo ok; \
	done
	@for module in $(filter-out .,$(CODE)); do \
		printf '\n== vet, %s\n' $$module; \
		(cd $$module && go vet ./...) || exit 1; \
		echo ok; \
	done

# A check that looks at the whole program, such as the one for unused code, takes all
# systems together: what only one of them uses is used.
.PHONY: lint
lint: ## staticcheck, for every system together
	@for module in $(CODE); do \
		printf '\n== staticcheck, %s\n' $$module; \
		(cd $$module && for system in $(SYSTEMS); do echo "$$system: GOOS=$$system CGO_ENABLED=0"; done | \
			$(STATICCHECK) -matrix ./...) || exit 1; \
		echo ok; \
	done

.PHONY: check-tidy
check-tidy: ## fail if a go.mod or go.sum is not tidy
	@for module in $(MODULES); do \
		printf '\n== go mod tidy, %s\n' $$module; \
		(cd $$module && go mod tidy -diff) || exit 1; \
		echo ok; \
	done

# Python that is not of the SDK, as seen from there.
PYTHON_BESIDE := ../../examples ../../bench/scripts

.PHONY: python
python: deps ## the checks and the tests of the Python SDK
	$(call step,python)
	cd sdk/python && ../../.venv/bin/ruff check --config pyproject.toml . $(PYTHON_BESIDE)
	cd sdk/python && ../../.venv/bin/ruff format --config pyproject.toml --check . $(PYTHON_BESIDE)
	cd sdk/python && ../../.venv/bin/mypy
	cd sdk/python && ../../.venv/bin/pytest

.PHONY: node
node: deps ## the checks and the tests of the Node SDK
	$(call step,node)
	npm run --silent lint --workspace=sdk/node
	npm test --silent --workspace=sdk/node

.PHONY: race
race: deps ## the tests of every module, under the race detector, with no language left out
	@for module in $(CODE); do \
		printf '\n== go test -race, %s\n' $$module; \
		(cd $$module && CGO_ENABLED=1 KINWIRE_LANGUAGES=required go test -race -p $(RACE_AT_ONCE) -timeout $(TESTTIME) ./...) || exit 1; \
	done

# The race detector makes pools lose what they hold, and so these are left out under it.
.PHONY: allocs
allocs: ## the tests that count allocations, without the race detector
	$(call step,go test of allocations)
	go test -run Alloc ./internal/peer ./parent ./pool

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME
	@for module in $(CODE); do \
		printf '\n== fuzz, %s, %s each\n' $$module $(FUZZTIME); \
		(cd $$module && FUZZTIME=$(FUZZTIME) "$(CURDIR)/tools/fuzz.sh") || exit 1; \
	done

.PHONY: soak
soak: deps ## long runs: the tests SOAK_COUNT times over, then every fuzz target for 5 minutes
	@for module in $(CODE); do \
		printf '\n== soak, %s, %s times\n' $$module $(SOAK_COUNT); \
		(cd $$module && CGO_ENABLED=1 KINWIRE_SOAK=1 KINWIRE_LANGUAGES=required go test -race -count $(SOAK_COUNT) -timeout 3h ./...) || exit 1; \
	done
	@$(MAKE) --no-print-directory fuzz FUZZTIME=$(if $(filter command line,$(origin FUZZTIME)),$(FUZZTIME),5m)

.PHONY: bench
bench: ## the benchmarks, then this project beside its peers
	$(call step,go test -bench)
	go test -run '^$$' -bench . -benchmem ./...
	$(call step,bench)
	cd bench && go run .

.PHONY: bench-compare
bench-compare: ## measure the commits OLD and NEW (the working tree) in turn: which differences are no noise
	@if [ -z "$(OLD)" ]; then echo 'usage: make bench-compare OLD=COMMIT [NEW=COMMIT]' >&2; exit 2; fi
	@tools/bench-compare.sh $(OLD) $(NEW)

.PHONY: bench-sweep
bench-sweep: ## plots by payload size and by calls in flight, in bin/sweep
	@mkdir -p bin/sweep
	cd bench && go run . -sweep -json -d 300ms -rounds 3 >../bin/sweep/sweep.json
	cd bench && go run ./plot ../bin/sweep

.PHONY: api
api: ## rewrite the golden file of the exported API
	go test ./internal/repo -run '^TestAPI$$' -count 1 -update

.PHONY: vectors
vectors: ## rewrite the test vectors, wire/testdata/vectors.json
	go test ./wire -run '^TestVectors$$' -count 1 -update

.PHONY: build
build: ## bin/kinwire, and the example programs beside it
	@mkdir -p bin
	go build -o bin/ ./cmd/... ./examples/...
