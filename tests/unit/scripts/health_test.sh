#!/usr/bin/env bash
# scripts/package/health SERVER: asks real servers, of each kind that the image may be.
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib/common.sh"

server=$(realpath "$1")
work=$(mktemp -d)
ln -s "$server" "$work/signaller"
pid=

stop() {
    [ -z "$pid" ] || kill "$pid"
    [ -z "$pid" ] || wait "$pid" || true
    pid=
}
trap 'stop; rm -rf "$work"' EXIT

# start OPTION...: a server, and its port if it has one.
start() {
    exec 4< <(exec "$server" --port 0 --log-level off "$@")
    pid=$!
    read -r line <&4
    port=${line##*:}
    port=${port%/}
}

# healthy VARIABLE=VALUE...: what it says in such an environment.
healthy() { env -i PATH="$work:$PATH" "$@" "$BASH" "$root/scripts/package/health" >/dev/null 2>&1; }

start
healthy SIGNALLER_PORT="$port" || die "a server is not found healthy"
stop
if healthy SIGNALLER_PORT="$port"; then die "a server that has ended is found healthy"; fi

start --proxy-protocol on --trusted-proxy 10.0.0.0/8
healthy SIGNALLER_PORT="$port" SIGNALLER_PROXY_PROTOCOL=on || die "with PROXY headers a server is not found healthy"
stop

start --address "plain:unix:$work/socket"
healthy SIGNALLER_ADDRESS="plain:unix:$work/socket" || die "on a unix socket a server is not found healthy"
stop

asked=$(SIGNALLER_PORT=tcp://10.0.0.1:80 "$BASH" -x "$root/scripts/package/health" 2>&1 || true)
[[ $asked == *port=3012* ]] || die "what Kubernetes says of a service is taken for the port"
