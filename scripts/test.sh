#!/usr/bin/env bash
# The whole test gate, on a bare Debian machine with a Rust toolchain or on a developer's: installs what is missing, runs
# every step, stops at the first that fails.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/test.sh [--quick]

Checks the format, lints, runs unit and integration tests on SQLite with local files and on PostgreSQL with S3, then
checks generated Python and TypeScript clients and fuzzes the API, both against a running server, and runs the production
mode of docker/compose.yaml without containers.

  --quick   Format, lints, and tests on SQLite with local files only. Installs nothing.
  --help    This text.

Missing programs are installed: PostgreSQL's server, Python's venv and curl with apt-get (as root or through sudo), s3s-fs with
cargo install, the client generators below target/. The servers are private to the run and end with it.
TEXT
}

quick=false
case "${1:-}" in
'') ;;
--quick) quick=true ;;
-h | --help)
    usage
    exit
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/lib.sh
source scripts/lib.sh

export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
if [ ! -t 1 ]; then
    export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never NO_COLOR=1
fi

report="$(mktemp)"
durations=()
current=""
began=0
stop_servers=false

finish() {
    local status=$?
    if [ "$stop_servers" = true ]; then
        scripts/test-servers.sh stop || true
    fi
    printf '\n== Steps\n'
    [ "${#durations[@]}" -eq 0 ] || printf '%s\n' "${durations[@]}"
    # The runner's own closing lines, once more at the end, where they are looked for.
    grep -E '^ *Summary \[|^test result:' "$report" || true
    rm -f "$report"
    if [ "$status" -ne 0 ]; then
        echo "FAILED at: ${current:-start}, after $((SECONDS - began))s"
    fi
    exit "$status"
}
trap finish EXIT

# Runs a command as a step with a heading; its duration is listed at the end.
step() {
    began=$SECONDS
    current="$1"
    printf '\n== %s\n' "$1"
    shift
    "$@"
    durations+=("$(printf '%5ds  %s' $((SECONDS - began)) "$current")")
}

cargo_fast() {
    if command -v mold >/dev/null; then
        mold -run cargo "$@"
    else
        cargo "$@"
    fi
}

install_servers() {
    if ! compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null && ! command -v pg_ctl >/dev/null; then
        install_packages postgresql
    fi
    if ! command -v mold >/dev/null; then
        install_packages mold || echo "mold cannot be installed; linking takes longer without it"
    fi
    if ! command -v s3s-fs >/dev/null; then
        cargo install s3s-fs --version 0.14.1 --locked --features binary
    fi
}

# One test fills a disk, a small one that it mounts.
look_for_mounts() {
    local folder
    folder="$(mktemp -d)"
    if mount -t tmpfs -o size=1m tmpfs "$folder" 2>/dev/null; then
        umount "$folder"
    else
        echo "SKIPPED: nothing can be mounted here (not root?), so the test of a full disk does not run"
        export YUANTUS_TEST_NO_MOUNT=1
    fi
    rmdir "$folder"
}

start_servers() {
    local lines
    # Servers that ran before are someone's, who stops them.
    scripts/test-servers.sh status >/dev/null 2>&1 || stop_servers=true
    lines="$(scripts/test-servers.sh start)"
    set -a
    eval "$lines"
    set +a
    echo "PostgreSQL on port $YUANTUS_TEST_POSTGRES_PORT, S3 on port $YUANTUS_TEST_S3_PORT"
}

run_tests() {
    local ignored=() included=()
    if [ "$quick" = false ]; then
        ignored=(--run-ignored all)
        included=(--include-ignored)
    fi
    if cargo nextest --version >/dev/null 2>&1; then
        cargo_fast nextest run --workspace --no-fail-fast "${ignored[@]}" 2>&1 | tee "$report"
    else
        cargo_fast test --workspace --no-fail-fast -- "${included[@]}" 2>&1 | tee "$report"
    fi
}

# The optimiser meets types that the other profile does not, and the size is a promise.
release_build() {
    cargo_fast build --release --locked
    local bytes
    bytes="$(stat -c %s "${CARGO_TARGET_DIR:-target}/release/yuantus")"
    echo "release binary: $((bytes / 1000000)) MB"
    [ "$bytes" -lt 75000000 ]
}

if [ "$quick" = true ]; then
    export YUANTUS_TEST_BACKENDS=sqlite
else
    export YUANTUS_TEST_BACKENDS=sqlite,postgres
    step "Install what tests need" install_servers
fi
step "Format" cargo fmt --all --check
step "Lints" cargo_fast clippy --workspace --all-targets -- -D warnings
if [ "$quick" = false ]; then
    step "Start PostgreSQL and S3" start_servers
fi
look_for_mounts
step "Tests ($YUANTUS_TEST_BACKENDS)" run_tests
if [ "$quick" = false ]; then
    # The tests built it; building it again without their dependencies' features would compile much twice.
    YUANTUS_BIN="$(realpath "${CARGO_TARGET_DIR:-target}/debug/yuantus")"
    export YUANTUS_BIN
    step "Release build" release_build
    step "Generated clients" scripts/check-clients.sh
    step "API fuzzing" scripts/fuzz-api.sh
    step "Production mode" scripts/check-compose.sh
fi
