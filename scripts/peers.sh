# shellcheck shell=sh
# Installs the full nodes by other authors that the functional tests use as peers: bcoin from npm and
# btcd from the Go module proxy, into $peers, outside the tree. To be sourced after deps.sh.
# shellcheck disable=SC2154

BCOIN_VERSION=1.0.2
BTCD_VERSION=v0.24.2

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
    [ "$(cat "$peers/bin/btcd.version" 2>/dev/null)" = "$BTCD_VERSION" ] && return 0
    go_version=$(go env GOVERSION 2>/dev/null | tr -d go)
    version_at_least "${go_version:-0}" 1.17 || install_packages golang
    say "building btcd $BTCD_VERSION with go into $peers/bin"
    mkdir -p "$peers/bin"
    GOBIN=$peers/bin go install "github.com/btcsuite/btcd@$BTCD_VERSION" &&
        echo "$BTCD_VERSION" >"$peers/bin/btcd.version"
}
