#!/bin/sh
# Stands in for docker (CDK_DOCKER) in a deployment to the local cloud, which runs an image's own files: to build an
# image is to keep its build context, and to push it is to put that where the local ECR looks.
set -eu
built="$SWITCHROOM_IMAGES/built"
pushed="$SWITCHROOM_IMAGES/pushed"

# Copies a directory so that nobody sees it half: source, target
copy() {
  mkdir -p "$(dirname "$2")"
  rm -rf "$2" "$2.new"
  cp -R "$1" "$2.new"
  mv "$2.new" "$2"
}

command=$1
shift
case $command in
  login) cat > /dev/null ;;
  inspect) test -d "$built/$1" ;;
  build)
    while [ $# -gt 1 ]; do
      [ "$1" = --tag ] && tag=$2
      shift
    done
    copy "$1" "$built/$tag"
    ;;
  tag) copy "$built/$1" "$built/$2" ;;
  push) copy "$built/$1" "$pushed/$1" ;;
  *)
    printf 'the local cloud knows no docker %s\n' "$command" >&2
    exit 1
    ;;
esac
