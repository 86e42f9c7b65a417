#!/usr/bin/env bash
# The kernels' tests on ARM's vectors (NEON), emulated on any machine.
# Needs: rustup target add aarch64-unknown-linux-gnu; on Debian, apt install qemu-user gcc-aarch64-linux-gnu
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
exec cargo test --release -p foehn-kernel --target aarch64-unknown-linux-gnu --lib --tests
