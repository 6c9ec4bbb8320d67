#!/bin/sh
# Writes the files of the dashboard as C: embed.sh FILE... >web_files.c
set -eu

echo '/* Made by src/api/web/embed.sh from the files of src/api/web. */'
echo '#include "api/web.h"'
i=0
for file in "$@"; do
    printf '\nstatic const unsigned char file_%d[] = {\n' $i
    od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
    echo '};'
    i=$((i + 1))
done
printf '\nconst struct web_file web_files[] = {\n'
i=0
for file in "$@"; do
    case $file in
    *.html) type='text/html; charset=utf-8' ;;
    *.css) type='text/css; charset=utf-8' ;;
    *.js) type='text/javascript; charset=utf-8' ;;
    *)
        echo "embed.sh: what is $file?" >&2
        exit 1
        ;;
    esac
    name=${file##*/}
    [ "$name" != index.html ] || name=
    printf '    {"/%s", "%s", file_%d, sizeof file_%d},\n' "$name" "$type" $i $i
    i=$((i + 1))
done
printf '};\n\nconst unsigned web_files_count = %d;\n' $i
