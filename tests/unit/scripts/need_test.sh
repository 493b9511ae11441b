#!/usr/bin/env bash
# What scripts/run and scripts/test say where packages are missing and cannot be installed: one line that names the reason, not apt's fifty.
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib/common.sh"

scripts=$root/scripts
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root/bin"

# stub NAME: a program that does what it reads here, before all others of that name.
stub() {
    { printf '#!/bin/sh\n' && cat; } >"$root/bin/$1"
    chmod +x "$root/bin/$1"
}

# needing PACKAGE PATH: what it says.
needing() {
    local script=". '$scripts/lib/common.sh'; root='$root'; need $1"
    { PATH=$2 "$BASH" -c "$script" needing >"$root/stdout" || printf 'exit %d\n' "$?"; } 2>&1
}

expect() {
    [ "$2" = "$3" ] || die "$1: expected"$'\n'"$2"$'\n'"got"$'\n'"$3"
}

# The first case finds these programs and no others.
stub dpkg-query <<<'exit 1'
stub dirname <<<'echo .'
stub id <<<'echo 1000'
expect "neither root nor sudo" "needing: this is not root, and there is no sudo; have somebody install a-package
exit 1" "$(needing a-package "$root/bin")"

stub id <<<'echo 0'
stub apt-get <<'TEXT'
echo "E: Unable to locate package a-package"
echo "E: and fifty lines more"
exit 100
TEXT
expect "apt fails" "installing a-package
E: Unable to locate package a-package
apt-get update failed; trying with the lists that are there
E: Unable to locate package a-package
needing: these could not be installed: a-package
exit 1" "$(needing a-package "$root/bin:$PATH")"
expect "stdout is the server's" "" "$(cat "$root/stdout")"

stub apt-get <<<'echo "Setting up a-package"'
expect "apt succeeds" "installing a-package" "$(needing a-package "$root/bin:$PATH")"
stub dpkg-query <<<'printf installed'
expect "nothing is missing" "" "$(needing a-package "$root/bin")"
