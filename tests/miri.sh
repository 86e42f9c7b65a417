#!/usr/bin/env bash
# The kernels, the one crate with unsafe code, in an interpreter that ends at any undefined behaviour: reads out of bounds or
# of memory not yet written, pointers beyond their allocation, races between threads. Without vectors, which it does not
# know; the sanitizer covers those. Some ten minutes.
# Needs: rustup toolchain install nightly --component miri,rust-src
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/miri"
# tree borrows and permissive provenance: rayon's queues need them; its idle threads never end
export MIRIFLAGS="-Zmiri-tree-borrows -Zmiri-permissive-provenance -Zmiri-ignore-leaks"
exec cargo +nightly miri test -p foehn-kernel --lib --test portable --test adamw
