#!/usr/bin/env bash
# Builds Yuantus and starts it with a sample product: embedded, nothing else needed. Arguments go to `yuantus start`.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = "--help" ]; then
    cat <<'TXT'
usage: scripts/run.sh [arguments of `yuantus start`]

Builds the release binary and starts it with the sample tenant `demo`. Everything is kept under ./data.
It needs a Rust toolchain (https://rustup.rs); the C compiler is installed from Debian's packages when it is missing.
TXT
    exit 0
fi

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install a Rust toolchain first, see https://rustup.rs" >&2
    exit 1
fi
# SQLite and the cryptography are C and assembly.
if ! command -v cc >/dev/null; then
    echo "installing a C compiler"
    source scripts/lib.sh
    install_packages gcc libc6-dev
fi
cargo build --release --locked
exec target/release/yuantus start --demo "$@"
