#!/bin/sh
# The exposition passes Prometheus's own lint.
set -eu

if ! command -v promtool >/dev/null 2>&1; then
    echo "SKIPPED: promtool is not installed (Debian: prometheus)"
    exit 77
fi

# Without this, a sample that failed to render would be linted as an empty, perfect exposition.
sample=$(tests/metrics/metrics_sample text)
families=$(printf '%s\n' "$sample" | grep -c '^# TYPE ')
if [ "$families" -lt 10 ]; then
    echo "FAIL: expected at least 10 families in the sample, got $families"
    exit 1
fi
printf '%s\n' "$sample" | promtool check metrics

# The lint itself must be awake: it objects to the sample with a help line taken away.
if printf '%s\n' "$sample" | grep -v '^# HELP p2pnode_headers_height' |
    promtool check metrics >/dev/null 2>&1; then
    echo "FAIL: promtool accepts a family without help"
    exit 1
fi
echo "ok: $families families"
