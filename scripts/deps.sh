# shellcheck shell=sh
# What the other scripts share: saying what happens, installing what is missing, building.
# To be sourced, with $top set to the top of the tree.
# shellcheck disable=SC2154

say() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

die() {
    say "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "must be root, or have sudo, for: $*"
    fi
}

# Prints those of the packages that are not installed.
missing_packages() {
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=absent
        [ "$status" = installed ] || printf '%s\n' "$package"
    done
}

# Installs what is missing of the packages. No service is started: Debian's prometheus package would
# run a server, and only its promtool is wanted.
install_packages() {
    # shellcheck disable=SC2046 # one word per package
    set -- $(missing_packages "$@")
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "no apt-get here; please install: $*"
    say "installing with apt-get: $*"
    as_root apt-get -qq update
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        # shellcheck disable=SC2064 # the path is known now
        trap "as_root rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod +x $policy
    fi
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "$@" >/dev/null
    as_root rm -f $policy
    trap - EXIT
    # What configure has found out may no longer be so: a build without Check has no unit tests.
    rm -f "$top"/build/*/arguments
}

install_build_packages() {
    install_packages build-essential autoconf automake pkg-config python3 \
        libc-ares-dev libcurl4-openssl-dev libevent-dev libminiupnpc-dev libssl-dev libcjson-dev libinih-dev liblmdb-dev libncurses-dev \
        libsecp256k1-dev libseccomp-dev libsnappy-dev libsystemd-dev libzmq3-dev nettle-dev uthash-dev
}

install_test_packages() {
    install_packages check chromium clang clang-format dante-server dnsmasq-base electrum i2pd libclang-rt-14-dev llvm \
        logrotate mandoc microsocks prometheus python3-aiorpcx python3-zmq shellcheck spin strace systemd tmux tor xz-utils zsh
    # A Python from elsewhere brings its own pytest, or can use Debian's.
    python3 -c 'import pytest' 2>/dev/null || install_packages python3-pytest
}

# Whether version $1 is at least version $2.
version_at_least() {
    printf '%s\n%s\n' "$2" "$1" | sort -CV
}

# make's -j: the processors there are.
jobs() {
    nproc 2>/dev/null || echo 1
}

# Makes $top/configure if it is missing or older than what it is made from.
generate_configure() {
    if [ ! -e "$top/configure" ] || [ -n "$(find "$top/configure.ac" -newer "$top/configure")" ]; then
        say "making configure (autoreconf)"
        said=$(cd "$top" && autoreconf -i 2>&1) || die "autoreconf failed: $said"
    fi
}

# configure_build FOLDER ARGUMENT...: configures build/FOLDER, unless it was with these arguments.
configure_build() {
    folder=$top/build/$1
    shift
    mkdir -p "$folder"
    if [ -e "$folder/Makefile" ] && [ "$(cat "$folder/arguments" 2>/dev/null)" = "$*" ]; then
        return 0
    fi
    (cd "$folder" && "$top/configure" -q "$@") || return 1
    printf '%s' "$*" >"$folder/arguments"
}

# Builds p2pnode as it is shipped and leaves it as $top/p2pnode. A tree that is configured in place is
# only made up to date.
build_release() {
    if [ -e "$top/config.status" ]; then
        say "building in place"
        make -C "$top" -s -j"$(jobs)" p2pnode >/dev/null || die "the build failed"
        return 0
    fi
    generate_configure
    say "building p2pnode in build/release"
    configure_build release CC=gcc || die "configure failed"
    make -C "$top/build/release" -s -j"$(jobs)" p2pnode >/dev/null || die "the build failed"
    ln -sfn build/release/p2pnode "$top/p2pnode"
}
