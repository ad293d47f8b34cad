# Everything a newcomer runs. `make run` and `make test` set up what is missing by themselves.

SHELL := /bin/bash
.DEFAULT_GOAL := help
CASCADE := .build/release/cascade
OUTPUT := build-output
# `make test ROOM=Inference` builds and tests one room, on those that it uses.
export ROOM
# Where `make setup` builds llama.cpp.
export PKG_CONFIG_PATH := $(CURDIR)/.native/lib/pkgconfig:$(PKG_CONFIG_PATH)
# One build for the program and its tests: optimised, since the numeric tests would take minutes otherwise, and with
# `-enable-testing`, which lets tests look into modules and was not seen to cost time. A room alone has a build of its own.
BUILD_FLAGS := -c release -Xswiftc -enable-testing --build-path .build$(addprefix -,$(ROOM))

.PHONY: help setup build run test bench bench-gateway soak-gateway docs format lint catalog clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Install what the build needs (apt or brew) and build llama.cpp, if they are missing
	@Scripts/setup
	@Scripts/native

build: setup ## Build the command line into .build/release/cascade
	@echo "building $(CASCADE)"
	@swift build $(BUILD_FLAGS) --product cascade

run: build ## Do the main job on the example logs: fit, compare, report
	@CASCADE=$(CASCADE) OUTPUT=$(OUTPUT) Scripts/run

test: setup ## Run all tests
	@swift build $(BUILD_FLAGS) --build-tests
	@if [ -z "$(ROOM)" ]; then CASCADE=$(CASCADE) Scripts/models smollm2-135m; Scripts/test-tools; fi
	@Scripts/test $(BUILD_FLAGS) --skip-build --no-parallel

catalog: build ## Run every experiment of the catalog in its quick size
	@$(CASCADE) catalog verify --quick

bench: build ## Run the benchmarks beside their peers and print one table
	@Scripts/bench

bench-gateway: build ## Measure the gateway, and LiteLLM's proxy beside it
	@Scripts/bench-gateway

soak-gateway: build ## An hour's traffic through the gateway in ten minutes: memory flat, no file left open
	@Scripts/bench-gateway --soak

docs: ## Gather the documentation pages into .build/docs
	@Scripts/docs

format: ## Format all Swift files
	@swift format format --in-place --parallel --recursive Package.swift Sources Tests Examples/FashionMNIST Benchmarks/Package.swift Benchmarks/Sources

lint: ## Check the format, the style and the house rules
	@swift format lint --strict --parallel --recursive Package.swift Sources Tests Examples/FashionMNIST Benchmarks/Package.swift Benchmarks/Sources
	@Scripts/lint

clean: ## Remove what was built
	@rm -rf .build .build-* Benchmarks/.build $(OUTPUT)
