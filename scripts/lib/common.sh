# Sourced by the scripts: messages, packages, builds. Everything it says goes to stderr, so that stdout stays the program's own.
# shellcheck shell=bash

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*" >&2; }

# One line, and out.
die() {
    say "${0##*/}: $*"
    exit 1
}

# Runs a command that talks much: on a terminal it may, elsewhere only the end of what it said is shown, and only if it fails.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if [ -t 2 ]; then
        "$@" </dev/null >&2
        return
    fi
    "$@" </dev/null >"$log" 2>&1 || {
        tail -n 60 "$log" >&2
        return 1
    }
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "packages are missing ($*), and this is neither root nor is there sudo"
    fi
}

# The Boost that is new enough: Debian 12's default is not.
boost_version() {
    local codename
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    case $codename in
        bookworm) printf '1.81' ;;
        trixie | noble) printf '1.83' ;;
        *) printf '' ;;
    esac
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# "name" is a package that must be installed; "command=name" a package needed only if there is no such command.
missing_packages() {
    local wanted
    for wanted in "$@"; do
        case $wanted in
            *=*) command -v "${wanted%%=*}" >/dev/null || printf '%s\n' "${wanted#*=}" ;;
            *) is_installed "$wanted" || printf '%s\n' "$wanted" ;;
        esac
    done
}

# Installs what is missing of the packages named (see missing_packages), and nothing else.
need() {
    local missing
    command -v dpkg-query >/dev/null || die "this is not a Debian or Ubuntu system; install what README.md lists and use cmake --workflow --preset release"
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${missing[*]}"
    # The lists of packages may be old or, in a container, not there at all.
    quietly "$root/build/apt.log" as_root env DEBIAN_FRONTEND=noninteractive apt-get update || say "apt-get update failed; trying with the lists that are there"
    quietly "$root/build/apt.log" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" || die "could not install ${missing[*]}"
}

need_build() {
    local boost
    boost=$(boost_version)
    need g++=g++ cmake=cmake ninja=ninja-build pkg-config=pkg-config libssl-dev libspdlog-dev libhiredis-dev librhonabwy-dev libjansson-dev prometheus-cpp-dev \
        "libboost${boost}-dev" "libboost-json${boost}-dev" "libboost-program-options${boost}-dev" "$@"
}

# For cmake --workflow --preset package.
need_package() { need_build dpkg-shlibdeps=dpkg-dev file=file; }

# What the browser tests run beside the browser: a TURN server.
need_browser_tests() { need_build node=nodejs npm=npm turnserver=coturn "$@"; }

need_tests() {
    need_build "libboost-test$(boost_version)-dev" python3=python3 redis-server=redis-server
}

# The version of Clang to use: the newest installed that scripts/cmake/clang.cmake takes, else the distribution's.
clang_version() {
    local version
    for version in 21 20 19 18 17 16; do
        ! command -v "clang++-$version" >/dev/null || { printf '%s' "$version"; return; }
    done
    case $(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}") in
        bookworm) printf 16 ;;
        noble) printf 18 ;;
        *) printf 19 ;;
    esac
}

# libFuzzer and the sanitizers are in the run time library.
need_clang() {
    local version
    version=$(clang_version)
    need "clang++-$version=clang-$version" "libclang-rt-$version-dev"
}

need_llvm() { need "llvm-cov-$(clang_version)=llvm-$(clang_version)"; }

jobs() { nproc 2>/dev/null || printf 2; }

# configure PRESET [cmake arguments]: nothing to do if it is configured with these arguments; CMake itself sees changed files.
configure() {
    local preset=$1 stamp=$root/build/$1/.configured-with
    shift
    if [ -f "$root/build/$preset/build.ninja" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$*" ] && [ "$stamp" -nt "$root/CMakePresets.json" ]; then
        return
    fi
    quietly "$root/build/$preset/configure.log" cmake -S "$root" --preset "$preset" "$@" || return
    printf '%s' "$*" >"$stamp"
}

# build PRESET [targets]
build() {
    local preset=$1
    shift
    local targets=()
    [ "$#" -eq 0 ] || targets=(--target "$@")
    quietly "$root/build/$preset/build.log" cmake --build "$root/build/$preset" --parallel "$(jobs)" "${targets[@]}"
}
