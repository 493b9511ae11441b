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

is_root() { [ "$(id -u)" -eq 0 ]; }

may_install() { is_root || command -v sudo >/dev/null; }

as_root() { if is_root; then "$@"; else sudo -- "$@"; fi; }

# apt_get ARGUMENTS: as root. Elsewhere than on a terminal the one line that says what is wrong is all that is seen of it, and only if it fails.
apt_get() {
    local log=$root/build/apt.log
    # Another one may be at work, as on a machine that has just been started.
    local command=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@")
    mkdir -p "$root/build"
    if [ -t 2 ]; then
        "${command[@]}" </dev/null >&2
        return
    fi
    "${command[@]}" </dev/null >"$log" 2>&1 || {
        { grep -m 1 -E '^(E|sudo): ' "$log" || tail -n 1 "$log"; } >&2
        return 1
    }
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

# Whether the distribution has such a package; the lists that say so may not be there yet.
is_offered() {
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || ! may_install || apt_get update || true
    apt-cache show "$1" >/dev/null 2>&1
}

# Installs what is missing of the packages named (see missing_packages), and nothing else.
need() {
    local missing
    command -v dpkg-query >/dev/null || die "this is not a Debian or Ubuntu system; install what README.md lists and use cmake --workflow --preset release"
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    may_install || die "this is not root, and there is no sudo; have somebody install ${missing[*]}"
    say "installing ${missing[*]}"
    # The lists of packages may be old or, in a container, not there at all.
    apt_get update || say "apt-get update failed; trying with the lists that are there"
    apt_get install -y --no-install-recommends "${missing[@]}" || die "these could not be installed: ${missing[*]}"
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

# build/release/signaller. What scripts/test configured there may stay; without it the tests' packages are not needed.
build_server() {
    say "building build/release/signaller"
    [ -f "$root/build/release/build.ninja" ] || configure release -DSIGNALLER_TESTS=OFF -DSIGNALLER_BENCH=OFF || return
    build release signaller
}
