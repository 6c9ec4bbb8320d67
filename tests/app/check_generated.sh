#!/bin/sh
# The committed texts are those that the option table makes now, and the tools accept them.
set -eu

top=${srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "FAIL: $*"
    failed=1
}

sh "$top/doc/generate.sh" tests/app/print_options "$top" "$work"
for file in doc/p2pnode.1 doc/p2pnode.conf.5 doc/p2pnode-metrics.7 doc/p2pnode-api.7 contrib/p2pnode.conf.sample contrib/completion/p2pnode.bash \
    contrib/completion/_p2pnode; do
    diff -u "$top/$file" "$work/$file" || fail "$file is out of date: make update-generated"
done

if command -v mandoc >/dev/null 2>&1; then
    complaints=$(mandoc -T lint -W warning "$work/doc/p2pnode.1" 2>&1) ||
        fail "mandoc finds fault with the manual page"
    mandoc -T lint -W warning "$work/doc/p2pnode.conf.5" "$work/doc/p2pnode-metrics.7" \
        "$work/doc/p2pnode-api.7" ||
        fail "mandoc finds fault with the pages on the file, metrics and methods"
    printf '%s' "${complaints:+$complaints
}"
    # The lint must be awake: it objects to a page whose list never ends.
    if grep -v '^\.El' "$work/doc/p2pnode.1" | mandoc -T lint >/dev/null 2>&1; then
        fail "mandoc -T lint accepts a page with an open list"
    fi
else
    echo "SKIPPED: mandoc is not installed; the manual page is not linted"
fi

if command -v shellcheck >/dev/null 2>&1; then
    shellcheck --shell=bash "$work/contrib/completion/p2pnode.bash" ||
        fail "shellcheck finds fault with the bash completion"
else
    echo "SKIPPED: shellcheck is not installed; the bash completion is not checked"
fi

if command -v zsh >/dev/null 2>&1; then
    zsh -n "$work/contrib/completion/_p2pnode" || fail "zsh cannot parse its completion"
else
    echo "SKIPPED: zsh is not installed; its completion is not parsed"
fi

exit $failed
