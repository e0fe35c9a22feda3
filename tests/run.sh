#!/usr/bin/env bash
# Everything that has to hold before a change lands: formatting, lints, all tests, documentation.
# Sets up what the tests need (a Python virtual environment with DuckDB, moto and schemas) under the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
python="$target/python"
if [ ! -x "$python/bin/python" ]; then
    python3 -m venv "$python"
fi
"$python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
# The schema that Jenkins holds JUnit reports to is packed nowhere but in pytest's source archive.
if [ ! -e "$python/sources/pytest-9.0.2.tar.gz" ]; then
    "$python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary pytest --dest "$python/sources" pytest==9.0.2
fi
# Microsoft's emulator of Azure's storage, where there is an npm to install it.
if command -v npm > /dev/null; then
    azurite="$target/azurite"
    if [ ! -e "$azurite/node_modules/.bin/azurite-blob" ]; then
        npm install --silent --no-audit --no-fund --prefix "$azurite" azurite@3.35.0
    fi
    export ELAVA_TEST_AZURITE="$azurite/node_modules/.bin/azurite-blob"
fi
export ELAVA_TEST_PYTHON="$python/bin/python"

# The dependencies are those of the release build; Elava itself is built quickly and with all checks.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true

cargo fmt --check
cargo clippy --release --locked --all-targets -- --deny warnings
cargo test --release --locked --lib --bins --tests --examples
cargo test --release --locked --doc
RUSTDOCFLAGS="--deny rustdoc::broken_intra_doc_links" cargo doc --release --locked --no-deps --lib
# A minute of real processes that are killed and cut off; tests/torture.sh by itself takes ten.
ELAVA="$target/release/elava" bash tests/torture.sh 60
