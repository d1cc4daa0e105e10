#!/usr/bin/env bash
# Brings the control database and every tenant's databases to the present schema.
# Arguments go to `yuantus db upgrade --all`: --dry-run, --tenant T, --canary N|PCT%, --parallel N, --max-failures N, --json.
set -euo pipefail

program="${YUANTUS_BIN:-$(command -v yuantus || echo "$(dirname "$0")/../target/release/yuantus")}"
if [ ! -x "$program" ]; then
    echo "yuantus is not in PATH and not built: cargo build --release, or set YUANTUS_BIN" >&2
    exit 1
fi
# It names the program to this script, and is no setting of the program.
unset YUANTUS_BIN
exec "$program" db upgrade --all "$@"
