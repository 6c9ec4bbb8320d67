#!/bin/sh
# The systemd unit is well-formed, and exposes the system as little as it says it does.
set -eu

command -v systemd-analyze >/dev/null || {
    echo "systemd-analyze is missing"
    exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed 's,@bindir@/p2pnode,/bin/true,; /^Documentation=/d' \
    "${srcdir:-.}/contrib/systemd/p2pnode.service.in" >"$folder/p2pnode.service"
systemd-analyze verify "$folder/p2pnode.service"
systemd-analyze security --offline=true --threshold=20 "$folder/p2pnode.service" >"$folder/exposure" ||
    {
        cat "$folder/exposure"
        exit 1
    }
tail -n 1 "$folder/exposure"
