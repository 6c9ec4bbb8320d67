# shellcheck shell=sh
# Installs the programs by other authors that the functional tests use as peers, from npm and from the
# Go module proxy, into $peers, outside the tree. To be sourced after deps.sh.
# shellcheck disable=SC2154

BCOIN_VERSION=1.0.2
BTCD_VERSION=v0.24.2
DEVP2P_VERSION=v1.16.7
GETH_VERSION=v1.12.2
MERGED_GETH_VERSION=v1.16.7
ETHEREUMJS_VERSION=10.0.0

# Without its install scripts bcoin runs as plain JavaScript: nothing is compiled. The leveldown it
# names is too old for today's node.
install_bcoin() {
    installed=$peers/bcoin/node_modules/bcoin/package.json
    grep -qs "\"version\": \"$BCOIN_VERSION\"" "$installed" && return 0
    node_version=$(node --version 2>/dev/null | tr -d v)
    version_at_least "${node_version:-0}" 16 || install_packages nodejs
    command -v npm >/dev/null || install_packages npm
    say "installing bcoin $BCOIN_VERSION from npm into $peers/bcoin"
    mkdir -p "$peers/bcoin"
    printf '{"private": true, "dependencies": {"bcoin": "%s"}, "overrides": {"leveldown": "6.1.1"}}\n' \
        "$BCOIN_VERSION" >"$peers/bcoin/package.json"
    (cd "$peers/bcoin" && npm install --silent --ignore-scripts --no-audit --no-fund >/dev/null)
}

install_btcd() {
    [ "$(cat "$peers/bin/btcd.version" 2>/dev/null)" = "$BTCD_VERSION" ] &&
        [ -x "$peers/bin/btcctl" ] && return 0
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    version_at_least "${go_version:-0}" 1.17 || install_packages golang
    say "building btcd and btcctl $BTCD_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin"
    GOBIN=$peers/bin go install "github.com/btcsuite/btcd@$BTCD_VERSION" \
        "github.com/btcsuite/btcd/cmd/btcctl@$BTCD_VERSION" &&
        echo "$BTCD_VERSION" >"$peers/bin/btcd.version"
}

# go-ethereum's tool with its conformance tests; its Go is newer than Debian's.
install_devp2p() {
    [ "$(cat "$peers/bin/devp2p.version" 2>/dev/null)" = "$DEVP2P_VERSION" ] && return 0
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    if ! version_at_least "${go_version:-0}" 1.24; then
        say "devp2p $DEVP2P_VERSION needs Go 1.24"
        return 1
    fi
    say "building devp2p $DEVP2P_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin"
    GOBIN=$peers/bin go install "github.com/ethereum/go-ethereum/cmd/devp2p@$DEVP2P_VERSION" &&
        echo "$DEVP2P_VERSION" >"$peers/bin/devp2p.version"
}

# The last go-ethereum whose conformance tests are for a chain with proof of work, and its chains. One
# of its dependencies reaches into Go's runtime, which linkers since Go 1.23 must be asked to allow.
install_geth() {
    [ "$(cat "$peers/bin/geth.version" 2>/dev/null)" = "$GETH_VERSION" ] && return 0
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    version_at_least "${go_version:-0}" 1.19 || install_packages golang
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    set --
    version_at_least "${go_version:-0}" 1.23 && set -- -ldflags=-checklinkname=0
    say "building geth and devp2p $GETH_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin" "$peers/geth-build" "$peers/ethtest-$GETH_VERSION"
    for program in geth devp2p; do
        GOBIN=$peers/geth-build go install "$@" \
            "github.com/ethereum/go-ethereum/cmd/$program@$GETH_VERSION" || return 1
        mv "$peers/geth-build/$program" "$peers/bin/$program-$GETH_VERSION" || return 1
    done
    cp "$(go env GOMODCACHE)/github.com/ethereum/go-ethereum@$GETH_VERSION/cmd/devp2p/internal/"ethtest/testdata/* \
        "$peers/ethtest-$GETH_VERSION/" && chmod u+w "$peers/ethtest-$GETH_VERSION/"* &&
        echo "$GETH_VERSION" >"$peers/bin/geth.version"
}

# The geth of devp2p's version, for networks beyond the merge.
install_merged_geth() {
    [ "$(cat "$peers/bin/merged-geth.version" 2>/dev/null)" = "$MERGED_GETH_VERSION" ] && return 0
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    if ! version_at_least "${go_version:-0}" 1.24; then
        say "geth $MERGED_GETH_VERSION needs Go 1.24"
        return 1
    fi
    say "building geth $MERGED_GETH_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin" "$peers/geth-build"
    GOBIN=$peers/geth-build go install "github.com/ethereum/go-ethereum/cmd/geth@$MERGED_GETH_VERSION" &&
        mv "$peers/geth-build/geth" "$peers/bin/geth-$MERGED_GETH_VERSION" &&
        echo "$MERGED_GETH_VERSION" >"$peers/bin/merged-geth.version"
}

install_ethereumjs() {
    installed=$peers/ethereumjs/node_modules/@ethereumjs/devp2p/package.json
    grep -qs "\"version\": \"$ETHEREUMJS_VERSION\"" "$installed" && return 0
    node_version=$(node --version 2>/dev/null | tr -d v)
    version_at_least "${node_version:-0}" 18 || install_packages nodejs
    command -v npm >/dev/null || install_packages npm
    say "installing @ethereumjs/devp2p $ETHEREUMJS_VERSION from npm into $peers/ethereumjs"
    mkdir -p "$peers/ethereumjs"
    printf '{"private": true, "dependencies": {"@ethereumjs/devp2p": "%s"}}\n' \
        "$ETHEREUMJS_VERSION" >"$peers/ethereumjs/package.json"
    (cd "$peers/ethereumjs" && npm install --silent --ignore-scripts --no-audit --no-fund >/dev/null)
}
