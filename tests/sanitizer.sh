#!/usr/bin/env bash
# All tests of the kernels, the one crate with unsafe code, under the address sanitizer: every read and write out of
# bounds or after a free ends the run. Needs a nightly compiler (rustup toolchain install nightly).
set -euo pipefail
cd "$(dirname "$0")/.."
target="$(rustc +nightly -vV | sed -n 's/^host: //p')"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/sanitizer"
export RUSTFLAGS="-Zsanitizer=address"
# doctests are left out: they are linked without the sanitizer's library
exec cargo +nightly test --release -p foehn-kernel --lib --tests --target "$target"
