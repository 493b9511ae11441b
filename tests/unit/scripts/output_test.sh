#!/usr/bin/env bash
# output_test.sh SERVER: what the program says where its output cannot be written.
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/lib/common.sh"

# refused WORD...: it is no success, and one line says so.
refused() {
    local status=0 said
    said=$("$@" 2>&1 >/dev/full) || status=$?
    [ "$status" -eq 1 ] || die "$*: exit code $status"
    [[ $said == *"the output cannot be written" ]] || die "$*: says $said"
}

for question in --help --version --print-config; do
    refused "$1" "$question"
done
refused "$1" ctl --help
