#!/usr/bin/env bash
# The PostgreSQL and S3 servers that tests use: private to this checkout, on random loopback ports, thrown away at stop.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/test-servers.sh start | stop | status

  start   Starts a private PostgreSQL cluster and an S3 server (s3s-fs), unless both already run,
          and prints how to reach them as KEY=VALUE lines. Repeating it is safe, also from several processes at once.
  stop    Stops both and deletes their data.
  status  Prints the same lines if both run; fails otherwise.

Needs PostgreSQL's server programs (Debian: postgresql) and s3s-fs; scripts/test.sh installs both.
The lines are kept in target/test-servers/env; YUANTUS_TEST_SERVERS_DIR names another folder.
TEXT
}

repo="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
state="${YUANTUS_TEST_SERVERS_DIR:-$repo/target/test-servers}"
env_file="$state/env"

fail() {
    echo "test-servers: $*" >&2
    exit 1
}

value() {
    sed -n "s/^$1=//p" "$env_file"
}

secret() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# Ports below the range from which the system picks the local end of connections, so that none is taken meanwhile.
random_port() {
    echo $((20000 + (RANDOM * 32768 + RANDOM) % 12000))
}

answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

postgres_bin() {
    local newest
    newest="$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)"
    if [ -n "$newest" ] && [ -x "$newest/pg_ctl" ]; then
        echo "$newest"
    elif command -v pg_ctl >/dev/null && command -v initdb >/dev/null; then
        dirname "$(readlink -f "$(command -v pg_ctl)")"
    else
        fail "PostgreSQL's server programs are missing; install them (Debian: apt-get install postgresql) or run scripts/test.sh"
    fi
}

s3_program() {
    PATH="$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin" command -v s3s-fs ||
        fail "s3s-fs is missing; install it (cargo install s3s-fs --version 0.14.1 --locked --features binary) or run scripts/test.sh"
}

running() {
    [ -s "$env_file" ] && [ -d "$(value YUANTUS_TEST_S3_ROOT)" ] && answers "$(value YUANTUS_TEST_POSTGRES_PORT)" && answers "$(value YUANTUS_TEST_S3_PORT)"
}

start_postgres() {
    local bin="$1" data="$2/postgres" password="$3" port attempt
    mkdir "$data"
    (umask 077 && secret >"$2/superuser")
    if [ "$(id -u)" -eq 0 ]; then
        chown postgres "$data" "$2/superuser"
    fi
    as_postgres "$bin/initdb" --pgdata="$data" --username=postgres --pwfile="$2/superuser" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$2/initdb.log" 2>&1 || fail "initdb failed: $(cat "$2/initdb.log")"
    # The data is thrown away, so nothing waits for the disk.
    cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$data'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
    for attempt in 1 2 3 4 5; do
        port="$(random_port)"
        if as_postgres "$bin/pg_ctl" start --pgdata="$data" --log="$data/server.log" --wait --timeout=60 --silent \
            --options="-p $port" >/dev/null 2>&1 9>&-; then
            break
        fi
        [ "$attempt" -lt 5 ] || fail "PostgreSQL does not start: $(tail -n 20 "$data/server.log")"
    done
    # Like an installation's role: it may create databases and nothing more.
    PGPASSWORD="$(cat "$2/superuser")" "$bin/psql" --quiet --no-psqlrc --host=127.0.0.1 --port="$port" --username=postgres \
        --dbname=postgres --command="CREATE ROLE yuantus LOGIN CREATEDB PASSWORD '$password'" ||
        fail "the role for tests cannot be created"
    echo "$port"
}

start_s3() {
    local program="$1" folder="$2" access="$3" secret="$4" port attempt
    mkdir "$folder/s3"
    for attempt in 1 2 3 4 5; do
        port="$(random_port)"
        setsid "$program" --host 127.0.0.1 --port "$port" --access-key "$access" --secret-key "$secret" "$folder/s3" \
            >"$folder/s3.log" 2>&1 </dev/null 9>&- &
        echo $! >"$state/s3.pid"
        for _ in $(seq 100); do
            kill -0 "$(cat "$state/s3.pid")" 2>/dev/null || break
            if answers "$port"; then
                echo "$port"
                return
            fi
            sleep 0.1
        done
    done
    fail "s3s-fs does not start: $(tail -n 20 "$folder/s3.log")"
}

start() {
    if running; then
        cat "$env_file"
        return
    fi
    discard
    local bin program folder password access secret port s3_port
    bin="$(postgres_bin)"
    program="$(s3_program)"
    # Not below the checkout: the folder must be reachable for another user, and its socket's path short.
    folder="$(mktemp -d /tmp/yuantus-test.XXXXXXXX)"
    chmod 755 "$folder"
    echo "$folder" >"$state/folder"
    password="$(secret)"
    access="yuantus-test"
    secret="$(secret)"
    port="$(start_postgres "$bin" "$folder" "$password")"
    s3_port="$(start_s3 "$program" "$folder" "$access" "$secret")"
    (umask 077 && cat >"$env_file.new") <<LINES
YUANTUS_TEST_POSTGRES_URL=postgresql://yuantus:$password@127.0.0.1:$port
YUANTUS_TEST_POSTGRES_PORT=$port
YUANTUS_TEST_S3_ENDPOINT=http://127.0.0.1:$s3_port
YUANTUS_TEST_S3_PORT=$s3_port
YUANTUS_TEST_S3_ROOT=$folder/s3
YUANTUS_TEST_S3_ACCESS_KEY_ID=$access
YUANTUS_TEST_S3_SECRET_ACCESS_KEY=$secret
LINES
    mv "$env_file.new" "$env_file"
    cat "$env_file"
}

# Ends what an earlier start left, whole or half.
discard() {
    local folder
    if [ -s "$state/folder" ]; then
        folder="$(cat "$state/folder")"
        if [ -f "$folder/postgres/postmaster.pid" ]; then
            as_postgres "$(postgres_bin)/pg_ctl" stop --pgdata="$folder/postgres" --mode=immediate --silent >/dev/null 2>&1 || true
        fi
        case "$folder" in
        /tmp/yuantus-test.*) rm -rf "$folder" ;;
        esac
    fi
    # Kept outside that folder, which a cleaner of /tmp may take. The number may belong to another program by now.
    if [ -s "$state/s3.pid" ] && grep -qs s3s-fs "/proc/$(cat "$state/s3.pid")/comm"; then
        kill "$(cat "$state/s3.pid")" 2>/dev/null || true
    fi
    rm -f "$env_file" "$state/folder" "$state/s3.pid"
}

case "${1:-}" in
start | stop)
    mkdir -p "$state"
    # One at a time; the servers themselves must not inherit the lock (9>&-).
    exec 9>"$state/lock"
    flock 9
    if [ "$1" = start ]; then start; else discard; fi
    ;;
status)
    running || fail "the servers do not run; scripts/test-servers.sh start"
    cat "$env_file"
    ;;
-h | --help | help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
