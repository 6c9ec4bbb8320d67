#!/bin/sh
# Check the model of the channels with spin: the algorithm has no error in any interleaving, and
# each of the defects the model knows is found. Less than a minute and 500 MB; with CHAN_MODEL=full
# larger configurations besides, some minutes and 1 GB.
set -eu

model=${srcdir:-.}/tests/thread/chan.pml
test -f "$model" || model=$(dirname "$0")/chan.pml
model=$(realpath "$model")
cc=${CC:-cc}

skip() {
    echo "SKIPPED: the model of the channels: $1"
    exit 77
}

command -v spin >/dev/null || skip "spin is not installed"
# CC may carry options.
command -v "${cc%% *}" >/dev/null || skip "no C compiler ($cc)"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cd "$dir"

# Compiling the verifier well takes longer than its short searches, and pays for the long ones.
optimise=-O0

# search COMPILE_OPTIONS RUN_OPTIONS DEFINE...: an exhaustive search; the verifier's words in log.
search() {
    compile=$1
    run=$2
    shift 2
    spin "$@" -a "$model" >log 2>&1 || { cat log; exit 1; }
    # shellcheck disable=SC2086 # several options in one variable
    $cc -w $optimise -DCOLLAPSE -DMEMLIM=2000 -DVECTORSZ=2048 $compile -o pan pan.c
    # shellcheck disable=SC2086
    ./pan -m100000 -w24 $run >log 2>&1 || true
}

is_clean() {
    grep -q 'errors: 0' log && ! grep -q 'not completed\|too small\|MEMLIM bound' log
}

passes() {
    echo "no error expected: $*"
    search -DSAFETY -n "$@"
    is_clean || { cat log; echo "FAILED: $*"; exit 1; }
    grep 'states, stored' log
}

ends() {
    echo "no cycle expected: $*"
    search -DNP '-l -n' "$@"
    is_clean || { cat log; echo "FAILED: $*"; exit 1; }
    grep 'states, stored' log
}

fails() {
    echo "an error expected: $*"
    search -DSAFETY -n "$@"
    grep '^pan:1:' log || { cat log; echo "FAILED: the defect was not found: $*"; exit 1; }
}

four='-DPLAIN_ELEMS=1 -DLATE_CLOSE'                  # all four callers
three='-DPLAIN_ELEMS=1 -DNO_PLAIN_RECEIVER'          # closed at any moment
heavy="$three -DWEIGHTS -DLATE_CLOSE -DSELECT_ELEMS=2"

# shellcheck disable=SC2086
{
    fails -DBROKEN_NO_CLAIM $three -DIMPATIENT=11
    fails -DBROKEN_NO_ADMIT $heavy -DIMPATIENT=1
    fails -DBROKEN_CLOSE_ONE $four -DIMPATIENT=0
    fails -DBROKEN_NO_MUTEX $three -DIMPATIENT=0
    fails -DBROKEN_LATE_DEADLINE $three -DIMPATIENT=11
    passes $four -DIMPATIENT=3
    passes $three -DIMPATIENT=3
    passes $heavy -DIMPATIENT=1
    ends $heavy -DIMPATIENT=1
    if [ "${CHAN_MODEL:-}" = full ]; then
        optimise=-O2
        passes $three -DIMPATIENT=11
        passes $four -DIMPATIENT=15
        passes -DPLAIN_ELEMS=2 -DNO_PLAIN_RECEIVER -DIMPATIENT=0
        passes -DPLAIN_ELEMS=2 -DLATE_CLOSE -DIMPATIENT=0
        ends $three -DIMPATIENT=11
    fi
}
