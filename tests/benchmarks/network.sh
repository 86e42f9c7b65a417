#!/usr/bin/env bash
# Our networks against PyTorch, forward and training: builds both sides and runs network_torch.py (its options pass through).
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${FOEHN_BENCH_VENV:-$PWD/.venv}"
if ! "$venv/bin/python" -c 'import numpy, torch' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy torch
fi
cargo build --quiet --release --workspace --example network_time
target="${CARGO_TARGET_DIR:-target}"
exec "$venv/bin/python" tests/benchmarks/network_torch.py "$target/release/examples/network_time" "$@"
