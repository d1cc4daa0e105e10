#!/usr/bin/env bash
# Runs the production mode of docker/compose.yaml without containers, so that the file is known to describe what works.
set -euo pipefail

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    cat <<'TEXT'
Usage: scripts/check-compose.sh

Starts a PostgreSQL and an S3 server of its own, then migration, two servers and a worker with the environment that
docker/compose.yaml gives them, and checks that two tenants are served apart. YUANTUS_BIN names the program; without it, it
is built.
TEXT
    exit
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

if ! command -v curl >/dev/null; then
    install_packages curl
fi
install_python_tools

if [ -z "${YUANTUS_BIN:-}" ]; then
    cargo build --quiet --bin yuantus
    YUANTUS_BIN="$(realpath "${CARGO_TARGET_DIR:-target}/debug/yuantus")"
    export YUANTUS_BIN
fi

# Not the servers of the other tests: role, bucket and databases have fixed names here.
export YUANTUS_TEST_SERVERS_DIR="$PWD/target/compose-servers"
trap 'scripts/test-servers.sh stop' EXIT
scripts/test-servers.sh stop
lines="$(scripts/test-servers.sh start)"
set -a
eval "$lines"
set +a
target/venv/bin/python -B tests/compose/production.py
