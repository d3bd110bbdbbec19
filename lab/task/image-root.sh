#!/bin/sh
# Runs a command in the root directory of an image (what `docker export` gives), as in a container on Fargate: with
# processes and devices of its own, and what it writes is gone with it.
#   image-root.sh ROOT COMMAND...
# It is called in a namespace of its own for mounts (ip netns exec makes one).
set -eu
image=$1
shift
# Nothing else is under /mnt of a namespace of the lab.
mount -t tmpfs tmpfs /mnt
root=/mnt/root
mkdir "$root" /mnt/upper /mnt/work
mount -t overlay overlay -o "lowerdir=$image,upperdir=/mnt/upper,workdir=/mnt/work" "$root"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
for number in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${number%:*}" "$root/dev/${number#*:}"; done
mkdir "$root/dev/shm" "$root/dev/pts"
# As large as on Fargate.
mount -t tmpfs -o size=64m tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
unshare --pid --fork --kill-child sh -euc 'mount -t proc proc "$0/proc"; root=$0; exec chroot "$root" "$@"' "$root" "$@" &
unshared=$!
# unshare itself does not hear it.
trap 'pkill -TERM -P "$unshared" || true' TERM INT
status=0
while kill -0 "$unshared" 2> /dev/null; do wait "$unshared" && status=0 || status=$?; done
exit "$status"
