#!/bin/sh
# Every message and method that the code has stands in doc/protocols.md.
set -eu

top=${srcdir:-.}
page=$top/doc/protocols.md
failed=0

names() {
    sed -n 's/^BTC_MSG([A-Z0-9]*, \([a-z0-9]*\),.*/\1/p' "$top/src/bitcoin/wire/msgs.def"
    sed -n 's/^ETH_MSG([A-Z_]*, 0x[0-9a-f]*, "\([a-z_]*\)".*/\1/p' "$top/src/ethereum/wire/msgs.def"
    sed -n 's/^ *METHOD("\([a-z_.]*\)".*/\1/p' "$top/src/electrum/methods.c"
}

[ "$(names | wc -l)" -gt 70 ] || {
    echo "FAIL: the tables were not read"
    exit 1
}
for name in $(names); do
    grep -q "\`$name\`" "$page" || {
        echo "FAIL: $name is not in doc/protocols.md"
        failed=1
    }
done
exit $failed
