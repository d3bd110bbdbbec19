#!/usr/bin/env bash
# Makes the machine image that gateways on EC2 run on (setting gatewayMachineImage), in the region and account of the
# environment, by a Debian 12 instance of its own in the default VPC, which is gone at the end.
# Usage: npm run machine-image -- GATEWAY_IMAGE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

gateway_image=${1:-}
if [[ ! $gateway_image =~ ^[A-Za-z0-9./:@_-]+$ ]]; then
  printf 'Usage: npm run machine-image -- GATEWAY_IMAGE, such as renater/sipmediagw:1.8.4\n' >&2
  exit 2
fi
region=${AWS_REGION:-$(aws configure get region)}
export AWS_REGION=$region AWS_PAGER=

user_data=$(mktemp)
instance=
clean_up() {
  rm -f "$user_data"
  if [[ -n $instance ]]; then
    aws ec2 terminate-instances --instance-ids "$instance" > /dev/null
  fi
}
trap clean_up EXIT

{
  printf '#!/bin/bash\nset -- %q %q\n' "$gateway_image" "$region"
  tail -n +2 infra/gateways/instance/make-image.sh
} > "$user_data"

# Debian's own account (https://wiki.debian.org/Cloud/AmazonEC2Image).
debian=$(aws ec2 describe-images --owners 136693071363 --filters 'Name=name,Values=debian-12-amd64-*' \
  --query 'sort_by(Images, &CreationDate)[-1].ImageId' --output text)
if [[ $debian != ami-* ]]; then
  printf 'There is no image of Debian 12 in %s\n' "$region" >&2
  exit 1
fi
instance=$(aws ec2 run-instances --image-id "$debian" --instance-type c6i.large --user-data "file://$user_data" \
  --instance-initiated-shutdown-behavior stop --metadata-options HttpTokens=required \
  --block-device-mappings 'DeviceName=/dev/xvda,Ebs={VolumeSize=40,VolumeType=gp3,Encrypted=true}' \
  --tag-specifications 'ResourceType=instance,Tags=[{Key=Name,Value=switchroom-machine-image}]' \
  --query 'Instances[0].InstanceId' --output text)
printf 'Installing on %s; this takes some ten minutes\n' "$instance" >&2
aws ec2 wait instance-running --instance-ids "$instance"
# The waiter gives up after ten minutes.
if ! { aws ec2 wait instance-stopped --instance-ids "$instance" ||
  aws ec2 wait instance-stopped --instance-ids "$instance"; }; then
  aws ec2 get-console-output --latest --instance-id "$instance" --output text >&2 || true
  printf 'It has not come to its end: see above\n' >&2
  exit 1
fi
image=$(aws ec2 create-image --instance-id "$instance" --name "switchroom-gateway-$(date -u +%Y%m%d-%H%M%S)" \
  --description "Gateways of Switchroom: $gateway_image" --query ImageId --output text)
aws ec2 wait image-available --image-ids "$image" || aws ec2 wait image-available --image-ids "$image"
printf 'gatewayMachineImage=%s\n' "$image"
