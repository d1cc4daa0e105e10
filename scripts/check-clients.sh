#!/usr/bin/env bash
# Generates a Python and a TypeScript client from openapi/openapi.json and holds a session with a running server through
# each, so that the document is known to describe what the server does.
set -euo pipefail

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
    cat <<'TEXT'
Usage: scripts/check-clients.sh

Generates clients from openapi/openapi.json below target/, starts a server with demo data on a free port, and runs
tests/clients/session.py and session.ts against it. YUANTUS_BIN names the program to start; without it, it is built.
TEXT
    exit
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

install_python_tools
install_npm_tools

export PATH="$PWD/target/venv/bin:$PATH"
out=target/clients
rm -rf "$out" target/npm/client
mkdir -p "$out" target/npm/client

echo "Generate the Python client"
quietly openapi-python-client generate --path openapi/openapi.json --meta none --config tests/clients/python.yaml --output-path "$out/yuantus_client" --fail-on-warning

echo "Generate the TypeScript types"
quietly target/npm/node_modules/.bin/openapi-typescript openapi/openapi.json --default-non-nullable=false --output target/npm/client/schema.d.ts
cp tests/clients/session.ts tests/clients/tsconfig.json target/npm/client/
target/npm/node_modules/.bin/tsc --project target/npm/client

start_demo_server
PYTHONPATH="$out" python tests/clients/session.py
node target/npm/client/out/session.js
