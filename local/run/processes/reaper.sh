#!/bin/sh
# Ends what a run leaves when the run itself is killed. It reads from the run, on standard input, which process
# groups there are ("+ID", "-ID"); the end of its input is the end of the run.
# Usage: reaper.sh [FILE|DIRECTORY TO REMOVE]...

# A Ctrl-C is for the run, not for its reaper.
trap '' INT HUP TERM

groups=' '
while read -r line; do
  id=${line#?}
  case $id in '' | *[!0-9]*) continue ;; esac
  case $line in
    +*) groups="$groups$id " ;;
    -*)
      case $groups in *" $id "*) groups="${groups%%" $id "*} ${groups#*" $id "}" ;; esac
      ;;
  esac
done

alive() {
  for id in $groups; do kill -s 0 -- "-$id" 2> /dev/null && return 0; done
  return 1
}

for id in $groups; do kill -s TERM -- "-$id" 2> /dev/null; done
tries=0
while alive && [ "$tries" -lt 20 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
for id in $groups; do kill -s KILL -- "-$id" 2> /dev/null; done
[ $# -eq 0 ] || rm -rf -- "$@"
exit 0
