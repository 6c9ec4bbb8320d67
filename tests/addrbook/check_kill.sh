#!/bin/sh
# Whatever system call of a save of peers.json the process is killed at, and whichever fails, the
# old file or the new one is there, whole.
set -eu

if ! command -v strace >/dev/null 2>&1; then
    echo "SKIPPED: strace is not installed"
    exit 77
fi
# The search for leaks cannot work under strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
tool=$PWD/tests/addrbook/peers_tool
dir=$(mktemp -d "${TMPDIR:-/tmp}/p2pnode-kill-XXXXXX")
trap 'rm -rf "$dir"' EXIT
file=$dir/peers.json
log=$dir/strace

if ! strace -f -o "$log" true 2>/dev/null; then
    echo "SKIPPED: strace may not trace here"
    exit 77
fi

"$tool" write "$file" 300 1
cp "$file" "$dir/old"
old=$(sha256sum <"$file")

# All that a save calls, from the start of the process to its end: the loop below kills at each.
strace -f -o "$log" "$tool" write "$dir/other" 300 2
rm "$dir/other"
calls=$(sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$log" | sort -u | grep -v '^execve$')

fail() {
    echo "FAIL: $*"
    exit 1
}

# check CALL N WHAT: the file is the old one or reads whole with other addresses.
check() {
    if [ "$(sha256sum <"$file")" = "$old" ]; then
        olds=$((olds + 1))
        return 0
    fi
    lines=$("$tool" show "$file" 2>/dev/null | wc -l) || lines=0
    [ "$lines" -gt 200 ] || fail "$3 at $1 number $2 left a file that does not load"
    news=$((news + 1))
    cp "$dir/old" "$file"
}

runs=0 olds=0 news=0 missed=0
for call in $calls; do
    times=$(grep -c "^[0-9]* *$call(" "$log") || times=0
    n=1
    while [ "$n" -le "$times" ]; do
        # No two runs make the same number of some calls (a sanitizer's mmap): one that makes fewer
        # than the first ends by itself, with its work done.
        if strace -f -o /dev/null -e trace="$call" -e inject="$call:signal=SIGKILL:when=$n" \
            "$tool" write "$file" 300 2 >/dev/null 2>&1; then
            [ "$(sha256sum <"$file")" != "$old" ] || fail "nothing was written before $call $n"
            missed=$((missed + 1))
        else
            runs=$((runs + 1))
        fi
        check "$call" "$n" "SIGKILL"
        n=$((n + 1))
    done
done
[ "$missed" -le $((runs / 10)) ] || fail "$missed of $((runs + missed)) kills did not come"
[ "$runs" -ge 50 ] || fail "only $runs system calls were found"
[ "$olds" -ge 5 ] || fail "expected the old file after most of $runs kills, got it $olds times"
[ "$news" -ge 1 ] || fail "the new file was never there: the kills came too early"
kills=$runs

# A call that fails: the save says so, and the old file stays.
for error in ENOSPC EIO EDQUOT; do
    for call in write fsync rename; do
        rm -f "$file.tmp"
        strace -f -o /dev/null -P "$file.tmp" -e inject="$call:error=$error:when=1" \
            "$tool" write "$file" 300 2 >/dev/null 2>&1 && fail "did not notice $error of $call"
        [ "$(sha256sum <"$file")" = "$old" ] || fail "$error of $call changed the old file"
        [ ! -e "$file.tmp" ] || fail "$error of $call left a temporary file"
        runs=$((runs + 1))
    done
done
echo "ok: $kills kills ($olds times the old file, $news times the new one), $((runs - kills)) errors"
