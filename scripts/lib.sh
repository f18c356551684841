# Shared by the scripts: finds what they need, installs it where apt is there, and runs throw-away servers on 127.0.0.1.

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# need WHAT TEST PACKAGE…: when TEST fails, installs the Debian packages if apt is there and we may, or says what to do.
need() {
    local what="$1" test="$2" as_root=() conf= status=0 hint=
    shift 2
    if eval "$test" >/dev/null 2>&1; then return; fi
    if [[ " $* " == *" postgresql "* ]]; then
        hint="; $oldest_postgres or newer is needed, which https://apt.postgresql.org has for older systems"
        conf=/etc/postgresql-common/createcluster.d/emporia.conf
    fi
    command -v apt-get >/dev/null || fail "$what is missing: install it (on Debian the package is $*$hint)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "$what is missing: as root, apt-get install $*"
        as_root=(sudo)
    fi
    echo "$what is missing; installing it: ${as_root[*]:+sudo }apt-get install $*" >&2
    if [ -z "${apt_updated:-}" ]; then "${as_root[@]}" apt-get -q update >&2 && apt_updated=1; fi
    if [ -n "$conf" ]; then
        # Only the programs are wanted: without this the package also makes a cluster and starts it.
        "${as_root[@]}" mkdir -p "$(dirname "$conf")"
        echo "create_main_cluster = false" | "${as_root[@]}" tee "$conf" >/dev/null
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" >&2 || status=$?
    # Not for the clusters that others make on this machine later.
    if [ -n "$conf" ]; then "${as_root[@]}" rm -f "$conf"; fi
    [ "$status" = 0 ] || fail "apt-get install $* failed"
    eval "$test" >/dev/null 2>&1 || fail "$what is still missing after apt-get install $*$hint"
}

need_rust() {
    command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs"
    need "a C compiler" "command -v cc" gcc libc6-dev
}

# Installs the packages of scripts/requirements.txt below target/, once for each state of that file, and prints the
# directory of their programs, python included. For scripts that work in the repository's root.
python_tools() {
    local dir="${CARGO_TARGET_DIR:-target}/python" wanted=scripts/requirements.txt
    if ! cmp -s "$wanted" "$dir/installed.txt"; then
        need "Python with venv" "python3 -c 'import ensurepip, venv'" python3 python3-venv
        echo "installing $(grep -v '^#' "$wanted" | xargs) into $dir" >&2
        rm -rf "$dir"
        mkdir -p "$(dirname "$dir")"
        python3 -m venv "$dir" >&2 || fail "python3 -m venv failed"
        "$dir/bin/pip" install -q --disable-pip-version-check -r "$wanted" >&2 || fail "pip install failed"
        cp "$wanted" "$dir/installed.txt"
    fi
    (cd "$dir/bin" && pwd)
}

# Prints the path of the binary to try: EMPORIA_BIN, or the debug build, which it makes.
emporia_binary() {
    if [ -n "${EMPORIA_BIN:-}" ]; then echo "$EMPORIA_BIN"; return; fi
    need_rust
    echo "building emporia" >&2
    cargo build --locked --quiet --bin emporia >&2 || fail "cargo build failed"
    (cd "${CARGO_TARGET_DIR:-target}/debug" && echo "$PWD/emporia")
}

oldest_postgres=15

# Prints the major version of the server in a directory; 0 when there is none.
postgres_major() {
    local major=
    if [ -x "$1/initdb" ] && [ -x "$1/postgres" ]; then
        major="$("$1/postgres" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9]*\).*/\1/p')"
    fi
    echo "${major:-0}"
}

# Prints the directory that holds initdb and postgres; fails when there is none that is new enough. The order is that of
# src/dev/postgres/binaries.rs: the user's choice before the system's, newer before older.
postgres_bin() {
    local dir major best= newest=$((oldest_postgres - 1)) IFS=:
    for dir in "$(pg_config --bindir 2>/dev/null || true)" $PATH; do
        if [ "$(postgres_major "$dir")" -ge "$oldest_postgres" ]; then echo "$dir"; return; fi
    done
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin /Applications/Postgres.app/Contents/Versions/*/bin; do
        major="$(postgres_major "$dir")"
        if [ "$major" -gt "$newest" ]; then best="$dir" newest="$major"; fi
    done
    [ -n "$best" ] && echo "$best"
}

# Runs a command in a process group of its own, which `end_group` ends whole. In the foreground it would outlive a signal
# to this script, or keep it from ending.
run_in_group() {
    local status=0
    set -m
    "$@" </dev/null &
    group=$!
    set +m
    wait "$group" || status=$?
    group=
    return "$status"
}

# Ends what `run_in_group` still runs: for the script's EXIT trap, which a signal runs too.
end_group() {
    # Not the status with which the script ends, which would end its trap here.
    if [ -z "${group:-}" ]; then return 0; fi
    kill -- "-$group" 2>/dev/null || true
    wait "$group" 2>/dev/null || true
}

# A free TCP port on 127.0.0.1.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
        perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# initdb refuses root: a root shell runs the server as the unprivileged user that Debian's package made. Prints what to
# put before a command.
server_user() {
    if [ "$(id -u)" = 0 ]; then echo setpriv --reuid=postgres --regid=postgres --init-groups; fi
}
as_server_user() { $(server_user) "$@"; }

# Makes certificates below $1 that are good for a day: ca.pem, which signs server.pem for localhost and client.pem for the
# role tls_named, and other-ca.pem, which signs nothing. The server's key is there twice: PostgreSQL wants its own.
make_certificates() {
    mkdir -p "$1" && chmod 755 "$1"
    (
        cd "$1"
        for name in ca other-ca; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj "/CN=$name" \
                -addext basicConstraints=critical,CA:TRUE -keyout "$name-key.pem" -out "$name.pem"
        done
        for name in server client; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
                -subj "/CN=$([ $name = server ] && echo localhost || echo tls_named)" -keyout "$name-key.pem" -out "$name.csr"
            openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -out "$name.pem" \
                -extfile <(echo "subjectAltName=DNS:$([ $name = server ] && echo localhost || echo tls_named)")
        done
        cp server-key.pem postgres-key.pem
        chmod 600 postgres-key.pem
        if [ "$(id -u)" = 0 ]; then chown postgres postgres-key.pem; fi
    ) >"$1/openssl.log" 2>&1 || { cat "$1/openssl.log" >&2; return 1; }
}

# Makes a throw-away cluster below $1 (superuser postgres, trust).
init_postgres() {
    local dir="$1" bin
    bin="$(postgres_bin)" || { echo "PostgreSQL's server binaries are missing: apt-get install postgresql" >&2; return 1; }
    mkdir -p "$dir"
    [ "$(id -u)" = 0 ] && chown postgres "$dir"
    as_server_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$dir/initdb.log"
}

# Makes a hot standby below $1 of the throw-away cluster on port $2.
init_standby() {
    local dir="$1" port="$2"
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    as_server_user "$(postgres_bin)/pg_basebackup" -h 127.0.0.1 -p "$port" -U postgres -D "$dir/data" \
        --write-recovery-conf --wal-method=stream --checkpoint=fast --no-sync
}

# Starts a throw-away cluster below $1 on port $2 (superuser postgres, trust, no fsync); extra arguments go to it.
start_postgres() {
    local dir="$1" port="$2"
    shift 2
    init_postgres "$dir"
    as_server_user "$(postgres_bin)/pg_ctl" -D "$dir/data" -s -w -t 60 -l "$dir/postgres.log" start -o "-p $port -k $dir \
        -c listen_addresses=127.0.0.1 -c max_connections=400 $*"
}

# Becomes the server of the cluster that `init_postgres` has made below $1, on port $2; extra arguments go to it.
become_postgres() {
    local dir="$1" port="$2"
    shift 2
    cd "$dir"
    exec $(server_user) "$(postgres_bin)/postgres" -D "$dir/data" -p "$port" -k '' -c listen_addresses=127.0.0.1 "$@"
}

stop_postgres() {
    as_server_user "$(postgres_bin)/pg_ctl" -D "$1/data" -s -m immediate stop 2>/dev/null || true
}
