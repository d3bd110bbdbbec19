#!/usr/bin/env bash
# The sample gateway: one baresip that registers, answers one call, echoes its audio and ends.
# Environment (names as in SIPMediaGW's entrypoint):
#   SIP_DOMAIN       domain of the gateway's address, e.g. sip.example.org                      (required)
#   SIP_SECRET       the digest secret all gateways share                                       (required)
#   SIP_SERVER       host:port of the edge, the outbound proxy                       (default: SIP_DOMAIN)
#   SIP_TRANSPORT    tcp or udp                                                             (default: tcp)
#   SIP_NAME_PREFIX  makes the username unique               (default: the id of the ECS task this runs in)
#   GW_NAME_PREFIX   the middle part of the username                                    (default: mediagw)
#   GW_ID            tells the gateways of one host apart                                     (default: 1)
#   AFTER_CALL       stop: un-REGISTER and exit 0 after a call; reuse: wait for the next    (default: stop)
#   STUN_SERVER      host:port that tells the public address callers send media to    (default: own address)
#   TURN_SRV         host of a TURN server (port 3478) that media goes by             (default: none is used)
#   TURN_SECRET      what coturn makes credentials of (use-auth-secret)             (required with TURN_SRV)
#   MEDIA_REPORT_URL where it posts how the media of its call went, as SIPMediaGW does     (default: nowhere)
#   MEDIA_REPORT_SECRET  what its password there follows from                (required with MEDIA_REPORT_URL)
#   BARESIP_MODULES  where baresip's modules are                      (default: /usr/lib/baresip/modules)
set -euo pipefail
# Until there is something to end: bash then ends after the command it is in, and cleans up.
trap 'exit 0' TERM INT

log() { printf 'gateway: %s\n' "$*"; }
fail() {
  printf 'gateway: %s\n' "$*" >&2
  exit 2
}

# These values become lines of baresip's configuration: whatever could start another parameter is refused.
check() {
  local name=$1 value=$2 pattern=$3
  [[ $value =~ ^$pattern$ ]] || fail "$name is not valid: '$value'"
}

# @return the id (last part of the ARN) of the ECS task, from the task metadata endpoint, version 4
task_id() {
  local metadata
  metadata=$(curl --fail --silent --show-error --max-time 5 "${ECS_CONTAINER_METADATA_URI_V4}/task") || return 1
  [[ $metadata =~ \"TaskARN\"[[:space:]]*:[[:space:]]*\"[^\"]*/([A-Za-z0-9-]+)\" ]] || return 1
  printf '%s' "${BASH_REMATCH[1]}"
}

[[ -n ${SIP_DOMAIN:-} ]] || fail 'SIP_DOMAIN must be set'
[[ -n ${SIP_SECRET:-} ]] || fail 'SIP_SECRET must be set'
# The message names no value: this one is the secret.
[[ $SIP_SECRET =~ ^[^[:space:]\;\"\<\>]+$ ]] || fail 'SIP_SECRET must not contain blanks, quotes or any of ; < >'
sip_server=${SIP_SERVER:-$SIP_DOMAIN}
transport=${SIP_TRANSPORT:-tcp}
name=${GW_NAME_PREFIX:-mediagw}
id=${GW_ID:-1}
after_call=${AFTER_CALL:-stop}
stun_server=${STUN_SERVER:-}
turn_server=${TURN_SRV:-}
report_url=${MEDIA_REPORT_URL:-}
modules=${BARESIP_MODULES:-/usr/lib/baresip/modules}
if [[ -z ${SIP_NAME_PREFIX:-} ]]; then
  [[ -n ${ECS_CONTAINER_METADATA_URI_V4:-} ]] || fail 'SIP_NAME_PREFIX must be set outside ECS'
  SIP_NAME_PREFIX=$(task_id) || fail 'the ECS metadata endpoint does not tell the task'
fi
check SIP_DOMAIN "$SIP_DOMAIN" '[A-Za-z0-9.-]+'
check SIP_SERVER "$sip_server" '[A-Za-z0-9.-]+(:[0-9]{1,5})?'
check SIP_TRANSPORT "$transport" '(tcp|udp)'
check SIP_NAME_PREFIX "$SIP_NAME_PREFIX" '[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*'
check GW_NAME_PREFIX "$name" '[A-Za-z0-9_-]+'
check GW_ID "$id" '[A-Za-z0-9_-]+'
check STUN_SERVER "$stun_server" '([A-Za-z0-9.-]+:[0-9]{1,5})?'
check TURN_SRV "$turn_server" '[A-Za-z0-9.-]*'
[[ -z $turn_server || -n ${TURN_SECRET:-} ]] || fail 'TURN_SECRET must be set with TURN_SRV'
check MEDIA_REPORT_URL "$report_url" '(https?://[A-Za-z0-9.:/_-]+)?'
[[ -z $report_url || -n ${MEDIA_REPORT_SECRET:-} ]] || fail 'MEDIA_REPORT_SECRET must be set with MEDIA_REPORT_URL'
check AFTER_CALL "$after_call" '(stop|reuse)'
[[ -d $modules ]] || fail "no baresip modules in $modules: install baresip-core, or set BARESIP_MODULES"
command -v baresip > /dev/null || fail 'baresip is not installed (Debian: baresip-core)'

# baresip asks DNS itself and does not read /etc/hosts.
sip_server=${sip_server/#localhost/127.0.0.1}
username=$SIP_NAME_PREFIX.$name.$id

umask 077
home=
baresip_pid=
reader_pid=

# shellcheck disable=SC2317 # called by the trap
end() {
  local status=$?
  trap - EXIT
  # The task is told to stop as its call ends: what the reader still tells of that is waited for all the same.
  trap '' TERM INT USR1
  if [[ -n $baresip_pid ]] && kill -0 "$baresip_pid" 2> /dev/null; then kill -KILL "$baresip_pid" || true; fi
  # The reader ends when nobody can write any more.
  if [[ -n $reader_pid ]]; then
    exec 3>&-
    wait "$reader_pid" 2> /dev/null || true
  fi
  if [[ -n $home ]]; then rm -rf "$home"; fi
  exit "$status"
}
trap end EXIT
home=$(mktemp -d "${TMPDIR:-/tmp}/gateway.XXXXXXXX")

{
  printf '<sip:%s@%s;transport=%s>;regint=60' "$username" "$SIP_DOMAIN" "$transport"
  printf ';auth_user=%s;auth_pass=%s' "$username" "$SIP_SECRET"
  printf ';outbound="sip:%s;transport=%s";answermode=auto' "$sip_server" "$transport"
  if [[ -n $turn_server ]]; then
    # Good for a day. The server checks them by the secret alone.
    turn_user="$(($(date +%s) + 86400)):$SIP_NAME_PREFIX"
    turn_pass=$(printf %s "$turn_user" | openssl dgst -sha1 -hmac "$TURN_SECRET" -binary | base64)
    printf ';medianat=turn;stunserver=turn:%s:3478;stunuser=%s;stunpass=%s' "$turn_server" "$turn_user" "$turn_pass"
  elif [[ -n $stun_server ]]; then
    printf ';medianat=stun;stunserver=stun:%s' "$stun_server"
  fi
  printf '\n'
} > "$home/accounts"

# No sip_listen and a range of RTP ports: the kernel chooses, so that many gateways live on one host.
# aubridge joins player and source of the same name: what the caller says comes back, with no sound device.
cat > "$home/config" << CONFIG
call_max_calls 1
call_local_timeout 120
rtp_ports 20000-32767
rtp_stats yes
audio_player aubridge,echo
audio_source aubridge,echo
audio_alert aubridge,alert
module_path $modules
module g711.so
module aubridge.so
module_tmp account.so
CONFIG
if [[ -f $modules/opus.so ]]; then printf 'module opus.so\n' >> "$home/config"; fi
if [[ -n $turn_server ]]; then
  printf 'module turn.so\n' >> "$home/config"
elif [[ -n $stun_server ]]; then
  printf 'module stun.so\n' >> "$home/config"
fi
# With the edge on this host its audio, too, stays on the loopback interface.
case $sip_server in 127.*) printf 'net_interface 127.0.0.1\n' >> "$home/config" ;; esac

# One line of baresip's statistics, under its name in the record of SIPMediaGW: what was sent, and what came.
statistic() {
  [[ $2 =~ :[[:space:]]+(-?[0-9.]+)[[:space:]]+(-?[0-9.]+) ]] || return 0
  sent+=",\"$1\":${BASH_REMATCH[1]}"
  came+=",\"$1\":${BASH_REMATCH[2]}"
}

# Posts what was noted of the call that is over. Whether it is taken or not, the gateway goes on.
report() {
  local password record
  record='{"call":{"callSession":{"callEnd":{"timestamp":"'$over_at'"}},"details":{"destination":{"destinationGw":"'$username'"}},'
  record+='"mediaStats":{"audio":{"tx":{'${sent#,}'},"rx":{'${came#,}'}},"video":[]}}}'
  password=$(printf %s "$username" | openssl dgst -sha256 -hmac "$MEDIA_REPORT_SECRET" -r | cut -c1-64)
  # Not among the arguments, which others on this host can read.
  printf 'user = "%s:%s"\n' "$username" "$password" | curl --config - --fail --silent --show-error --max-time 10 \
    --header 'content-type: application/json' --data "$record" --output /dev/null "$report_url"
}

stopping=
told=
asked_to_stop=
# SIGTERM makes baresip end its call and un-REGISTER. A second one would end it at once, still registered.
# shellcheck disable=SC2317 # called by the traps
stop() {
  stopping=yes
  if [[ -n $baresip_pid && -z $told ]]; then
    told=yes
    kill -TERM "$baresip_pid" 2> /dev/null || true
  fi
}
trap 'asked_to_stop=yes; stop' TERM INT
# The reader below tells of the end of the call by this signal.
trap stop USR1

# baresip tells of its calls on standard output; without stdbuf it would tell at exit.
# pdeathsig: where this script is killed, the gateway ends all the same.
mkfifo "$home/output"
# Open on both ends from here on: the reader would wait for ever for a baresip that is stopped before it could write.
exec 3<> "$home/output"
setpriv --pdeathsig TERM stdbuf -oL baresip -4 -f "$home" > "$home/output" 2>&1 < /dev/null 3>&- &
baresip_pid=$!
# Told before there was a baresip to tell.
if [[ -n $stopping ]]; then stop; fi

main_pid=$$
{
  established=
  over_at=
  while true; do
    status=0
    # A second after the last statistic nothing more comes of it.
    IFS= read -r ${over_at:+-t 1} line || status=$?
    if ((status > 0)); then
      if [[ -n $over_at && -n $report_url ]]; then (report || log 'the media report was not taken') 2>&1 & fi
      over_at=
      if ((status > 128)); then continue; fi
      break
    fi
    printf '%s\n' "${line//"$SIP_SECRET"/***}"
    case $line in
      *'Call established: '*) established=yes ;;
      *'session closed: '*)
        # A call cancelled before the answer is none: the gateway serves the next.
        if [[ -n $established && $after_call == stop ]]; then kill -USR1 "$main_pid"; fi
        established=
        ;;
      'packets: '*)
        over_at=$(date -u +%Y-%m-%dT%H:%M:%SZ) sent='' came=''
        statistic packets "$line"
        ;;
      'avg. bitrate: '*) statistic avgBitrateKbps "$line" ;;
      'errors: '*) statistic errors "$line" ;;
      'pkt.report: '*) statistic packetReports "$line" ;;
      'lost: '*) statistic lostPackets "$line" ;;
      'jitter: '*) statistic jitterMs "$line" ;;
    esac
  done
  wait
} < "$home/output" 3>&- &
reader_pid=$!

log "$username@$SIP_DOMAIN registers at $sip_server over $transport"
# A trapped signal ends `wait` early.
status=0
wait "$baresip_pid" || status=$?
if [[ -z $stopping ]]; then fail "baresip ended by itself (status $status)"; fi

# A baresip that cannot un-REGISTER, because the edge is gone, is killed after 5 s (by `end`).
for _ in {1..50}; do
  kill -0 "$baresip_pid" 2> /dev/null || break
  sleep 0.1
done
if [[ -n $asked_to_stop ]]; then log 'stopped'; else log 'the call is over'; fi
