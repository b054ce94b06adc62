#!/bin/sh
# Makes base.tar.gz anew: an image of some hundred bytes that stands in for the one `dockerfile: auto` builds on.
# All that it has is /bin/sh (sh.s), which runs nothing, but adds the command of each RUN line to the file /ran:
# so images are built without a network, and their RUN lines can be compared.  Needs `as` and `ld` (binutils).
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$work/root/bin"
as -o "$work/sh.o" sh.s
ld -s -n -z noseparate-code --build-id=none -o "$work/root/bin/sh" "$work/sh.o"
chmod 755 "$work/root/bin/sh"
tar --owner=0 --group=0 --mtime=2020-01-01 --sort=name -C "$work/root" -cf - . | gzip -9n >base.tar.gz
