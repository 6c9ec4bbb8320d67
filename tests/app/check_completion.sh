#!/bin/sh
# The bash completion offers what the shell would show: asked as readline asks, with = a word of
# its own.
set -eu

if ! command -v bash >/dev/null 2>&1; then
    echo "SKIPPED: bash is not installed"
    exit 77
fi

COMPLETION=${srcdir:-.}/contrib/completion/p2pnode.bash exec bash <<'EOF'
set -eu
compopt() { options+=("$*"); }
. "$COMPLETION"
failed=0

# expect WANTED WORD...: completing the last word gives WANTED.
expect() {
    local wanted=$1
    shift
    options=()
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _p2pnode
    if [[ "${COMPREPLY[*]}" != "$wanted" ]]; then
        echo "FAIL: $*: expected '$wanted', got '${COMPREPLY[*]}'"
        failed=1
    fi
}

expect 'regtest' p2pnode --bitcoin = re
expect 'mainnet testnet3 testnet4 signet regtest' p2pnode --bitcoin =
expect 'debug' p2pnode --bitcoin = regtest --log-level = d
expect '--maxpeers=' p2pnode --maxp
[[ ${options[*]} == '-o nospace' ]] || { echo "FAIL: a blank would follow --maxpeers="; failed=1; }
expect '--no-maxpeers' p2pnode --no-maxp
expect '--check-config' p2pnode --check
expect '' p2pnode --maxpeers = 1
expect '' p2pnode --dump

folder=$(mktemp -d)
touch "$folder/a file.conf"
mkdir "$folder/a folder"
expect "$folder/a folder" p2pnode --datadir = "$folder/a"
expect "$folder/a file.conf" p2pnode --conf = "$folder/a fi"
[[ ${#COMPREPLY[@]} == 1 ]] || { echo "FAIL: a file name with a blank is broken up"; failed=1; }
rm -r "$folder"
exit $failed
EOF
