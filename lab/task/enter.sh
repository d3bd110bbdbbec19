#!/bin/sh
# Runs a command as in a container: a root directory of its own, made of this machine's programs and an image's files.
#   enter.sh ROOT UID:GID HOSTNAME [SOURCE=TARGET]... -- COMMAND...
# It is called in namespaces of its own for mounts (ip netns exec makes one) and for the host's name.
set -eu
root=$1 user=$2
hostname "$3"
shift 3
mount -t tmpfs -o mode=0755 tmpfs "$root"
for dir in bin sbin lib lib32 lib64 usr etc; do
  [ -e "/$dir" ] || continue
  mkdir "$root/$dir"
  mount --rbind "/$dir" "$root/$dir"
done
mkdir -p "$root/proc" "$root/dev"
mkdir -m 1777 "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  source=${1%%=*} target=$root${1#*=}
  if [ -d "$source" ]; then
    mkdir -p "$target"
  else
    mkdir -p "${target%/*}"
    touch "$target"
  fi
  mount --bind "$source" "$target"
  shift
done
shift
exec chroot --userspec="$user" "$root" "$@"
