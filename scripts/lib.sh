# Shared by the scripts: finds what they need, installs it where apt is there, and runs throw-away servers on 127.0.0.1.

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# need WHAT TEST PACKAGE…: when TEST fails, installs the Debian packages if apt is there and we may, or says what to do.
need() {
    local what="$1" test="$2" as_root=()
    shift 2
    if eval "$test" >/dev/null 2>&1; then return; fi
    command -v apt-get >/dev/null || fail "$what is missing: install it (on Debian the package is $*)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "$what is missing: as root, apt-get install $*"
        as_root=(sudo)
    fi
    echo "$what is missing; installing it: ${as_root[*]:+sudo }apt-get install $*" >&2
    if [[ " $* " == *" postgresql "* ]] && [ ! -d /etc/postgresql-common ]; then
        # Only the programs are wanted: without this the package also makes a cluster and starts it.
        "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
        echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/emporia.conf >/dev/null
    fi
    if [ -z "${apt_updated:-}" ]; then "${as_root[@]}" apt-get -q update >&2 && apt_updated=1; fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@" >&2
    eval "$test" >/dev/null 2>&1 || fail "$what is still missing after apt-get install $*"
}

need_rust() {
    command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs"
    need "a C compiler" "command -v cc" gcc libc6-dev
}

# Prints the directory that holds initdb and postgres; fails when there is none.
postgres_bin() {
    local dir
    for dir in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin; do
        if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then best="$dir"; fi
    done
    if [ -z "${best:-}" ] && command -v initdb >/dev/null; then best="$(dirname "$(command -v initdb)")"; fi
    [ -n "${best:-}" ] && echo "$best"
}

# A free TCP port on 127.0.0.1.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null ||
        perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# initdb refuses root: a root shell runs the server as the unprivileged user that Debian's package made.
as_server_user() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else "$@"; fi
}

# Starts a throw-away cluster below $1 on port $2 (superuser postgres, trust, no fsync); extra arguments go to it.
start_postgres() {
    local dir="$1" port="$2" bin
    shift 2
    bin="$(postgres_bin)" || { echo "PostgreSQL's server binaries are missing: apt-get install postgresql" >&2; return 1; }
    mkdir -p "$dir"
    [ "$(id -u)" = 0 ] && chown postgres "$dir"
    as_server_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --no-locale --no-sync >"$dir/initdb.log"
    as_server_user "$bin/pg_ctl" -D "$dir/data" -s -w -t 60 -l "$dir/postgres.log" start -o "-p $port -k $dir \
        -c listen_addresses=127.0.0.1 -c max_connections=400 $*"
}

stop_postgres() {
    as_server_user "$(postgres_bin)/pg_ctl" -D "$1/data" -s -m immediate stop 2>/dev/null || true
}
