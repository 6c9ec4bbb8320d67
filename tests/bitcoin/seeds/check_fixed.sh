#!/bin/sh
# The committed table of fixed seeds is what the script makes from the committed lists, and a list
# with a fault is refused.
set -eu

top=${srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -B "$top/contrib/seeds/compile" "$work/fixed_data.c"
diff -u "$top/src/bitcoin/seeds/fixed_data.c" "$work/fixed_data.c" || {
    echo "FAIL: out of date: contrib/seeds/compile src/bitcoin/seeds/fixed_data.c"
    exit 1
}

# refuses LINE...: these lines at the end of a list are an error that names the file.
refuses() {
    rm -rf "$work/lists"
    mkdir "$work/lists"
    cp "$top/contrib/seeds/compile" "$top"/contrib/seeds/*.txt "$work/lists"
    printf '%s\n' "$@" >>"$work/lists/signet.txt"
    if said=$(python3 -B "$work/lists/compile" "$work/out" 2>&1); then
        echo "FAIL: accepted: $*"
        exit 1
    fi
    case $said in
    *signet.txt:*) ;;
    *)
        echo "FAIL: for $*: $said"
        exit 1
        ;;
    esac
}

refuses 127.0.0.1:38333
refuses 10.0.0.1:38333
refuses seed.example:38333
refuses '[fcff::1]:0'
refuses '[fcff::1]'
refuses '[fcff::2]:38333' '[fcff::1]:38333'
refuses '[fcff::1]:38333' '[fcff::1]:38333'
refuses aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.onion:38333
