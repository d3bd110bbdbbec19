#!/bin/bash
# Makes of a new Debian 12 what gateways run on: the kernel that has sound (Debian's for clouds has none, Amazon Linux none
# that was seen), the module of the camera, Docker, the ECS agent, and the gateways' image. scripts/machine-image.sh runs it
# on an instance, as root, and takes an image of it. It stops the instance where all went well.
# Usage: make-image GATEWAY_IMAGE REGION
set -euxo pipefail
export DEBIAN_FRONTEND=noninteractive
gateway_image=$1
region=$2

apt-get update
apt-get install --yes linux-image-amd64 linux-headers-amd64 v4l2loopback-dkms docker.io curl gpg iptables
kernel=$(find /lib/modules -mindepth 1 -maxdepth 1 ! -name '*cloud*' -printf '%f\n' | sort -V | tail -n 1)
modinfo -k "$kernel" snd-aloop v4l2loopback > /dev/null

# "Installing the Amazon ECS container agent": the package is signed by this key.
key=F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F
cd "$(mktemp -d)"
agent=https://s3.$region.amazonaws.com/amazon-ecs-agent-$region/amazon-ecs-init-latest.amd64.deb
curl -fsSO --retry 5 "$agent"
curl -fsSO --retry 5 "$agent.asc"
GNUPGHOME=$PWD gpg --batch --keyserver hkps://keyserver.ubuntu.com --recv-keys "$key"
GNUPGHOME=$PWD gpg --batch --status-fd 1 --verify amazon-ecs-init-latest.amd64.deb.asc amazon-ecs-init-latest.amd64.deb |
  grep "^\[GNUPG:\] VALIDSIG .*$key\$"
apt-get install --yes ./amazon-ecs-init-latest.amd64.deb
# The instance's user data starts it, when it has said which cluster.
systemctl disable --now ecs

docker pull "$gateway_image"

# Last, since what runs has modules to load until then. As long as the cloud's kernel is there it is the one that starts.
apt-get purge --yes 'linux-image*cloud*'
apt-get clean
cloud-init clean --logs
truncate --size 0 /etc/machine-id
rm -rf /var/lib/ecs/data/*
poweroff
