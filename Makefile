# Two commands do everything: `make demo` opens the workbench on the demo dataset, `make test` runs every test.
# Each calls `make setup`, which installs what it may and names what is missing.

WORKSPACE ?= workspace
LISTEN ?= 127.0.0.1:8000

.PHONY: setup demo test check bench kill-test release clean

setup:
	@scripts/setup.sh

demo: setup
	cargo run --bin tator -- demo --workspace $(WORKSPACE) --listen $(LISTEN) --open

test: setup
	cargo test --workspace --no-run
	cargo test --workspace --no-fail-fast
	node --test tests/js/

# What the continuous integration runs before the tests.
check: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- --deny warnings

# All 200 kills of the crash test; `make test` does a shorter loop.
kill-test: setup
	TATOR_KILLS=200 cargo test kill -- --nocapture

bench: setup
	cargo build --bin tator
	scripts/bench.sh

release: setup
	cargo build --release --bin tator

clean:
	cargo clean
