#!/bin/sh
# prepare-data.sh SEED DATA: puts the release and the index of the image into the data folder, where they are missing or of another version of the image.
# What else lies there (artifacts, releases that the site loaded, a SQLite store) stays. Each folder appears whole or not at all; of several at once one works.
set -eu
seed=$1
data=$2
umask 077
mkdir -p "$data"
exec 9>"$data/.prepare.lock"
flock 9
for kind in releases index; do
    mkdir -p "$data/$kind"
    for folder in "$seed/$kind"/*/; do
        [ -d "$folder" ] || continue
        folder=${folder%/}
        target=$data/$kind/$(basename "$folder")
        if diff -rq "$folder" "$target" >/dev/null 2>&1; then
            continue
        fi
        partial=$data/$kind/.$(basename "$folder").new
        old=$data/$kind/.$(basename "$folder").old
        rm -rf "$partial" "$old"
        cp -R "$folder" "$partial"
        [ ! -e "$target" ] || mv "$target" "$old"
        mv "$partial" "$target"
        rm -rf "$old"
    done
done
