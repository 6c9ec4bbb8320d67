#!/bin/sh
# The rules for Prometheus and the dashboard for Grafana speak of metrics that there are.
set -eu

top=${srcdir:-.}
command -v promtool >/dev/null || {
    echo "promtool is missing"
    exit 77
}
promtool check rules "$top/contrib/prometheus/p2pnode.rules.yml"
promtool test rules "$top/contrib/prometheus/rules_test.yml"
"$top/contrib/grafana/compile" | cmp - "$top/contrib/grafana/p2pnode.json"

grep -oh 'p2pnode_[a-z0-9_]*' "$top/contrib/prometheus/p2pnode.rules.yml" \
    "$top/contrib/grafana/p2pnode.json" | sed 's/_bucket$//' | sort -u | {
    failed=0
    while read -r name; do
        grep -rq "\"$name\"" "$top/src" || {
            echo "there is no metric $name"
            failed=1
        }
    done
    exit $failed
}
