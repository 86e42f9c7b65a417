#!/usr/bin/env bash
# Our networks against PyTorch on a GPU: builds both sides and runs network_gpu.py (its options pass through).
# Needs what the feature `cuda` needs (see README) and about 5 GB for PyTorch.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${FOEHN_BENCH_VENV:-$PWD/.venv-gpu}"
if ! "$venv/bin/python" -c 'import numpy, torch; assert torch.cuda.is_available()' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy torch
fi
cargo build --quiet --release -p foehn-tests --features cuda --example network_time
target="${CARGO_TARGET_DIR:-target}"
exec "$venv/bin/python" tests/benchmarks/network_gpu.py "$target/release/examples/network_time" "$@"
