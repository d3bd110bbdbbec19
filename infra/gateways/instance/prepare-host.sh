#!/bin/bash
# Makes an instance ready for a gateway, before the ECS agent starts: at each start of the instance, since one of a warm
# pool is started again. Where it fails ECS places no gateway here (the attribute below is missing), and nothing else
# happens: an instance that shut itself down would be replaced by one that does the same.
# Usage: prepare-host [FILE]
#   FILE  where the instance's public address is written, for containers, which may not ask for it. Without: nowhere
set -euo pipefail

config=/etc/ecs/ecs.config
metadata=169.254.169.254
sed -i '/^ECS_INSTANCE_ATTRIBUTES=/d' "$config"

# The camera and the sound card of a gateway, both loops of the kernel.
modprobe snd-aloop enable=1,1 index=0,1
modprobe v4l2loopback exclusive_caps=1 video_nr=0
for device in /dev/video0 /dev/snd/controlC0 /dev/snd/controlC1; do
  [[ -c $device ]] || { printf 'prepare-host: there is no %s\n' "$device"; exit 1; }
done

# A container on the host's network is no hop further than the host, whatever the hop limit says, and could take the
# instance's role. Services of the host run in system.slice, the ECS agent among them; tasks in ecstasks.slice, once
# ECS_ENABLE_TASK_CPU_MEM_LIMIT says that they must (buildCgroupV2Root of amazon-ecs-agent).
shut_out=(OUTPUT -d "$metadata" -m cgroup ! --path system.slice -j REJECT)
iptables -w -C "${shut_out[@]}" 2> /dev/null || iptables -w -I "${shut_out[@]}"

if [[ -n ${1:-} ]]; then
  token=$(curl -fsS --retry 5 --retry-connrefused -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
    "http://$metadata/latest/api/token")
  mkdir -p "$(dirname "$1")"
  curl -fsS --retry 5 -H "X-aws-ec2-metadata-token: $token" "http://$metadata/latest/meta-data/public-ipv4" > "$1"
fi

printf 'ECS_INSTANCE_ATTRIBUTES={"switchroom.ready":"true"}\n' >> "$config"
