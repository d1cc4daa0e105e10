#!/usr/bin/env bash
# Brings the control database and every tenant's databases to the present schema.
# Arguments go to `yuantus db upgrade --all`: --dry-run, --tenant T, --canary N|PCT%, --parallel N, --max-failures N, --json.
set -euo pipefail

if [ -n "${YUANTUS_BIN:-}" ]; then
    exec "$YUANTUS_BIN" db upgrade --all "$@"
elif command -v yuantus >/dev/null; then
    exec yuantus db upgrade --all "$@"
fi
built="$(dirname "$0")/../target/release/yuantus"
if [ ! -x "$built" ]; then
    echo "yuantus is not in PATH and not built: cargo build --release, or set YUANTUS_BIN" >&2
    exit 1
fi
exec "$built" db upgrade --all "$@"
