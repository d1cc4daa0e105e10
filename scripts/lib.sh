# What the scripts beside this file share. Sourced by bash with `set -euo pipefail`, from the repository's root.
# shellcheck shell=bash

# Debian packages, as root or through sudo.
install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "please install: $*" >&2
            return 1
        }
        apt=(sudo "${apt[@]}")
    fi
    command -v apt-get >/dev/null || {
        echo "please install: $* (apt-get is not here)" >&2
        return 1
    }
    "${apt[@]}" update -qq && "${apt[@]}" install -y -qq --no-install-recommends "$@"
}

# Python's client generator and fuzzer in target/venv, at the versions of tests/clients/requirements.txt.
install_python_tools() {
    local wanted=tests/clients/requirements.txt installed=target/venv/installed.txt
    if cmp -s "$wanted" "$installed"; then
        return
    fi
    rm -rf target/venv
    mkdir -p target
    if ! python3 -m venv target/venv 2>/dev/null; then
        install_packages python3 python3-venv
        python3 -m venv target/venv
    fi
    target/venv/bin/pip install --quiet --disable-pip-version-check --requirement "$wanted"
    cp "$wanted" "$installed"
}

# TypeScript's compiler and type generator in target/npm, at the versions of tests/clients/package-lock.json.
install_npm_tools() {
    local wanted=tests/clients/package-lock.json installed=target/npm/installed.json
    if cmp -s "$wanted" "$installed"; then
        return
    fi
    if ! command -v npm >/dev/null; then
        install_packages nodejs npm
    fi
    rm -rf target/npm
    mkdir -p target/npm
    cp tests/clients/package.json "$wanted" target/npm/
    npm ci --prefix target/npm --no-audit --no-fund --silent
    cp "$wanted" "$installed"
}

# Runs a command and shows what it wrote only when it fails.
quietly() {
    local log
    log="$(mktemp)"
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Starts a server with demo data in a folder of its own, on a free port, and sets what a session with it needs:
# YUANTUS_TEST_ORIGIN, YUANTUS_TEST_API (the origin and the document's base path) and the demo's login.
# YUANTUS_BIN names the program; without it, the current source is built. The server ends with the script.
# Arguments are further settings: NAME=VALUE.
start_demo_server() {
    local program="${YUANTUS_BIN:-}"
    if [ -z "$program" ]; then
        cargo build --quiet --bin yuantus
        program="$(realpath "${CARGO_TARGET_DIR:-target}/debug/yuantus")"
    fi
    demo_folder="$(mktemp -d)"
    demo_server=""
    : >"$demo_folder/server.log"
    trap stop_demo_server EXIT
    # Nothing of the caller's own settings may reach the server.
    (cd "$demo_folder" && exec env -i PATH="$PATH" YUANTUS_ENVIRONMENT=dev YUANTUS_HOST=127.0.0.1 YUANTUS_PORT=0 \
        "$@" "$program" start --demo >"$demo_folder/server.log" 2>&1 </dev/null) &
    demo_server=$!
    local origin=""
    for _ in $(seq 600); do
        origin="$(sed -n 's|.*listening on \(http://[0-9.:]*\).*|\1|p' "$demo_folder/server.log" | head -n 1)"
        if [ -n "$origin" ] || ! kill -0 "$demo_server" 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    if [ -z "$origin" ]; then
        echo "the server does not start:" >&2
        cat "$demo_folder/server.log" >&2
        return 1
    fi
    export YUANTUS_TEST_ORIGIN="$origin"
    YUANTUS_TEST_API="$origin$(target/venv/bin/python tests/clients/base_path.py openapi/openapi.json)"
    export YUANTUS_TEST_API
    local name
    for name in tenant org user password; do
        export "YUANTUS_TEST_${name^^}=$(sed -n "s|^  $name  *||p" "$demo_folder/server.log" | head -n 1)"
    done
}

stop_demo_server() {
    local status=$?
    if [ -n "$demo_server" ]; then
        kill "$demo_server" 2>/dev/null || true
        wait "$demo_server" 2>/dev/null || true
    fi
    if [ "$status" -ne 0 ] && [ -s "$demo_folder/server.log" ]; then
        echo "--- the server's last lines ---" >&2
        tail -n 40 "$demo_folder/server.log" >&2
    fi
    rm -rf "$demo_folder"
    exit "$status"
}
