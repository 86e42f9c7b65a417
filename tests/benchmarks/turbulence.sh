#!/usr/bin/env bash
# The turbulence simulator against numpy: builds both sides and runs turbulence_numpy.py (its options pass through).
set -euo pipefail
cd "$(dirname "$0")/../.."
venv="${FOEHN_BENCH_VENV:-$PWD/.venv}"
if ! "$venv/bin/python" -c 'import numpy, scipy' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy scipy
fi
cargo build --quiet --release -p foehn-simulation --example turbulence_time
target="${CARGO_TARGET_DIR:-target}"
exec "$venv/bin/python" tests/benchmarks/turbulence_numpy.py "$target/release/examples/turbulence_time" "$@"
