#!/usr/bin/env bash
# Everything that has to hold before a change lands: formatting, lints, all tests, documentation.
# Sets up what the tests need (a Python virtual environment with DuckDB) under the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
python="$target/python"
if [ ! -x "$python/bin/python" ]; then
    python3 -m venv "$python"
fi
"$python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
export ELAVA_TEST_PYTHON="$python/bin/python"

cargo fmt --check
cargo clippy --locked --all-targets -- --deny warnings
cargo test --locked --lib --bins --tests --examples
cargo test --locked --doc
RUSTDOCFLAGS="--deny rustdoc::broken_intra_doc_links" cargo doc --locked --no-deps --lib
