#!/bin/sh
# Run the fuzz targets under libFuzzer, starting from the corpus: run.sh [SOURCE-DIRECTORY].
#
#   FUZZ_SECONDS  for each target, default 20
#   FUZZ_TARGETS  names, default all
#   FUZZ_BUILD    where to build and work, default ./fuzz-build; what a run finds stays in
#                 FUZZ_BUILD/found and is the start of the next
#   FUZZ_CC       default clang
#
# Ends with 1 when a target failed; the input that did it is FUZZ_BUILD/crash-TARGET-*.
set -eu

top=$(cd "${1:-.}" && pwd)
seconds=${FUZZ_SECONDS:-20}
build=${FUZZ_BUILD:-fuzz-build}
mkdir -p "$build"
cd "$build"

# A tree that is configured itself cannot be built elsewhere, but a copy of it can.
if [ -f "$top/config.status" ]; then
    make -s -C "$top" distdir distdir="$PWD/source"
    top=$PWD/source
fi
[ -f config.status ] || "$top/configure" --quiet CC="${FUZZ_CC:-clang}" --enable-fuzz --enable-debug
make -s tests/fuzz/fuzz >/dev/null

status=0
for target in ${FUZZ_TARGETS:-$(FUZZ=list ./tests/fuzz/fuzz)}; do
    mkdir -p "found/$target"
    if FUZZ=$target ./tests/fuzz/fuzz -max_total_time="$seconds" -timeout=10 -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="crash-$target-" \
        "found/$target" "$top/tests/fuzz/corpus/$target" >"$target.log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log")
        echo "$target: ok, $runs inputs"
    else
        echo "$target: FAILED, see $PWD/$target.log"
        status=1
    fi
done
exit $status
