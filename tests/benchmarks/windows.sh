#!/usr/bin/env bash
# Random windows of a Zarr store, foehn against xarray (which FOEHN_PYTHON has): options pass through.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --quiet --release -p foehn-dataset --example window_time
target="${CARGO_TARGET_DIR:-target}"
exec "${FOEHN_PYTHON:-python3}" tests/benchmarks/windows_xarray.py "$target/release/examples/window_time" "$@"
