#!/bin/sh
# btcd continues with a peers.json that we wrote, and we with the one that btcd then writes.
set -eu

peers=${P2PNODE_TEST_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/p2pnode-test}
btcd=$peers/bin/btcd
if [ ! -x "$btcd" ]; then
    echo "SKIPPED: $btcd is missing; scripts/test installs it"
    exit 77
fi
tool=$PWD/tests/addrbook/peers_tool
dir=$(mktemp -d "${TMPDIR:-/tmp}/p2pnode-btcd-XXXXXX")
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

fail() {
    echo "FAIL: $*"
    [ ! -e "$dir/out" ] || tail -20 "$dir/out"
    exit 1
}

# btcd keeps to the one address that it is told to connect to, where nobody listens: it neither dials
# what is in the file nor resolves a name.
data=$dir/data/regtest
mkdir -p "$data"
"$tool" write "$data/peers.json" 3000 1
cp "$data/peers.json" "$dir/ours.json"
if awk '/"P2pnode":/ { exit } /i2p/ { found = 1 } END { exit !found }' "$dir/ours.json"; then
    fail "names that btcd would resolve stand where it reads"
fi
# I2P is not for btcd: what has such an address or source is for us alone.
"$tool" show "$dir/ours.json" >"$dir/all"
grep -v i2p "$dir/all" >"$dir/before"
[ "$(wc -l <"$dir/all")" -gt "$(wc -l <"$dir/before")" ] || fail "there are no I2P addresses"
count=$(wc -l <"$dir/before")
[ "$count" -gt 1500 ] || fail "only $count addresses were written"

"$btcd" --regtest --configfile=/dev/null --datadir="$dir/data" --logdir="$dir/logs" \
    --connect=127.0.0.1:9 --nolisten --norpc --nodnsseed --debuglevel=info >"$dir/out" 2>&1 &
pid=$!
waited=0
until grep -q "Loaded .* addresses from file" "$dir/out"; do
    kill -0 "$pid" 2>/dev/null || fail "btcd ended"
    waited=$((waited + 1))
    [ "$waited" -lt 600 ] || fail "btcd did not load the file within 60 s"
    sleep 0.1
done
grep -q "Loaded $count addresses from file" "$dir/out" ||
    fail "expected $count, got: $(grep 'Loaded .* addresses' "$dir/out")"
kill -INT "$pid"
wait "$pid" || fail "btcd exited with $?"
pid=

! cmp -s "$data/peers.json" "$dir/ours.json" || fail "btcd did not write the file"
! grep -q P2pnode "$data/peers.json" || fail "btcd kept what only we write"
"$tool" show "$data/peers.json" >"$dir/after" || fail "cannot read what btcd wrote"

# All tried addresses are as they were; of the new ones, which are placed anew, nearly all. When an
# address was last seen btcd writes but does not read.
for what in tried new; do
    for when in before after; do
        grep " $what from" "$dir/$when" | sed 's/ seen [0-9]*//' | sort >"$dir/$when.$what"
    done
done
cmp -s "$dir/before.tried" "$dir/after.tried" ||
    fail "tried differs: $(diff "$dir/before.tried" "$dir/after.tried" | head -4)"
[ -z "$(comm -13 "$dir/before.new" "$dir/after.new")" ] || fail "new addresses changed"
before=$(wc -l <"$dir/before.new") after=$(wc -l <"$dir/after.new")
[ $((after * 100)) -ge $((before * 95)) ] || fail "$after of $before new addresses came back"
echo "ok: $count addresses to btcd; back $(wc -l <"$dir/after.tried") tried, $after of $before new"
