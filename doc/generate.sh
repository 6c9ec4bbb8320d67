#!/bin/sh
# Write the texts that come from the option table: generate.sh PROGRAM SOURCE_DIR OUTPUT_DIR.
set -eu

program=$1
source=$2
out=$3

mkdir -p "$out/doc" "$out/contrib/completion"
# Through files, so that a failing program stops the script before anything is replaced.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for form in man conf reload sample bash zsh; do
    "$program" --dump-options=$form >"$work/$form"
done
sed -e "/^@OPTIONS@\$/{r $work/man" -e 'd' -e '}' "$source/doc/p2pnode.1.in" >"$work/p2pnode.1"
cp "$work/p2pnode.1" "$out/doc/p2pnode.1"
sed -e "/^@KEYS@\$/{r $work/conf" -e 'd' -e '}' -e "/^@RELOAD@\$/{r $work/reload" -e 'd' -e '}' \
    "$source/doc/p2pnode.conf.5.in" >"$work/p2pnode.conf.5"
cp "$work/p2pnode.conf.5" "$out/doc/p2pnode.conf.5"
for page in metrics api; do
    "$source/doc/reference" $page "$source" >"$work/page"
    cp "$work/page" "$out/doc/p2pnode-$page.7"
done
cp "$work/sample" "$out/contrib/p2pnode.conf.sample"
cp "$work/bash" "$out/contrib/completion/p2pnode.bash"
cp "$work/zsh" "$out/contrib/completion/_p2pnode"
