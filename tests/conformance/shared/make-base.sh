#!/bin/sh
# Creates base.tar.gz, a tiny image that replaces the base image of `dockerfile: auto`. It contains only /bin/sh (sh.s), which
# executes nothing but appends the command of each RUN line to the file /ran. Images therefore build without a network, and
# their RUN lines can be compared. Needs `as` and `ld` (binutils).
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$work/root/bin"
as -o "$work/sh.o" sh.s
ld -s -n -z noseparate-code --build-id=none -o "$work/root/bin/sh" "$work/sh.o"
chmod 755 "$work/root/bin/sh"
tar --owner=0 --group=0 --mtime=2020-01-01 --sort=name -C "$work/root" -cf - . | gzip -9n >base.tar.gz
