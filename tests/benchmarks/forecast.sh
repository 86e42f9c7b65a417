#!/usr/bin/env bash
# A forecast from a cold start, ours against PyTorch: builds foehn and runs forecast.py (its options pass through).
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${FOEHN_BENCH_VENV:-$PWD/.venv}"
if ! "$venv/bin/python" -c 'import netCDF4, numpy, torch' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet netCDF4 numpy torch
fi
cargo build --quiet --release --workspace
target="${CARGO_TARGET_DIR:-target}"
exec "$venv/bin/python" tests/benchmarks/forecast.py "$target/release/foehn" "$@"
