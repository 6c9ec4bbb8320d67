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
GO_VERSION=1.24.11
NODE_VERSION=20.20.2

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

# Prints the folder of a go that is at least 1.24: nothing when the one at hand will do. Debian 12's is
# older; it gets a newer one as the module that Go's own toolchain switch uses. Modules hold no modes.
newer_go() {
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    version_at_least "${go_version:-0}" 1.24 && return 0
    if [ "$(cat "$peers/go/VERSION.installed" 2>/dev/null)" != "$GO_VERSION" ]; then
        [ -n "$go_version" ] || install_packages golang ca-certificates >&2
        say "fetching Go $GO_VERSION with go into $peers/go" >&2
        mkdir -p "$peers/go-fetch"
        module=golang.org/toolchain@v0.0.1-go$GO_VERSION.$(go env GOOS)-$(go env GOARCH)
        (cd "$peers/go-fetch" && printf 'module fetch\n' >go.mod && go mod download "$module") >&2 || return 1
        rm -rf "$peers/go"
        cp -r "$(go env GOMODCACHE)/$module" "$peers/go" && chmod -R u+w "$peers/go" &&
            chmod +x "$peers"/go/bin/* "$peers"/go/pkg/tool/*/* &&
            echo "$GO_VERSION" >"$peers/go/VERSION.installed" || return 1
    fi
    echo "$peers/go/bin"
}

# go-ethereum's tool with its conformance tests.
install_devp2p() {
    [ "$(cat "$peers/bin/devp2p.version" 2>/dev/null)" = "$DEVP2P_VERSION" ] && return 0
    newer=$(newer_go) || return 1
    say "building devp2p $DEVP2P_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin"
    PATH=${newer:+$newer:}$PATH GOBIN=$peers/bin \
        go install "github.com/ethereum/go-ethereum/cmd/devp2p@$DEVP2P_VERSION" &&
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
    newer=$(newer_go) || return 1
    say "building geth $MERGED_GETH_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin" "$peers/geth-build"
    PATH=${newer:+$newer:}$PATH GOBIN=$peers/geth-build \
        go install "github.com/ethereum/go-ethereum/cmd/geth@$MERGED_GETH_VERSION" &&
        mv "$peers/geth-build/geth" "$peers/bin/geth-$MERGED_GETH_VERSION" &&
        echo "$MERGED_GETH_VERSION" >"$peers/bin/merged-geth.version"
}

# It needs a node that is newer than Debian 12's, which npm has as a package for each processor.
install_ethereumjs() {
    modules=$peers/ethereumjs/node_modules
    node_version=$(node --version 2>/dev/null | tr -d v)
    newer=
    if ! version_at_least "${node_version:-0}" 20.19; then
        command -v npm >/dev/null || install_packages nodejs npm
        newer=node-linux-$(node -p process.arch)
    fi
    grep -qs "\"version\": \"$ETHEREUMJS_VERSION\"" "$modules/@ethereumjs/devp2p/package.json" &&
        { [ -z "$newer" ] || [ -x "$peers/ethereumjs/node" ]; } && return 0
    command -v npm >/dev/null || install_packages npm
    say "installing @ethereumjs/devp2p $ETHEREUMJS_VERSION from npm into $peers/ethereumjs"
    mkdir -p "$peers/ethereumjs"
    printf '{"private": true, "dependencies": {"@ethereumjs/devp2p": "%s"%s}}\n' \
        "$ETHEREUMJS_VERSION" "${newer:+, \"$newer\": \"$NODE_VERSION\"}" \
        >"$peers/ethereumjs/package.json"
    (cd "$peers/ethereumjs" && npm install --silent --ignore-scripts --no-audit --no-fund >/dev/null) ||
        return 1
    [ -z "$newer" ] || ln -sf "node_modules/$newer/bin/node" "$peers/ethereumjs/node"
}
