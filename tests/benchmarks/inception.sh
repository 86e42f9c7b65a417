#!/usr/bin/env bash
# Inception v3 for Fréchet distances against PyTorch, with random weights exchanged through safetensors.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${FOEHN_BENCH_VENV:-$PWD/.venv}"
if ! "$venv/bin/python" -c 'import numpy, torch' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy torch
fi
cargo build --quiet --release --workspace --example inception
target="${CARGO_TARGET_DIR:-target}"
exec "$venv/bin/python" tests/benchmarks/inception_torch.py "$target/release/examples/inception" "$@"
