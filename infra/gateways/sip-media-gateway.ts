import { mediaPorts, sipPort } from '../network.ts';
import type { Settings } from '../settings.ts';
import { mediaReportAddress } from './media-report.ts';

/* SIPMediaGW (release 1.8) as it is: what stands beside its image, and how it is started. */

/** Where an instance keeps its public address, for the containers: they cannot ask for it (gateway-instances.ts). */
export const publicAddressFile = '/run/switchroom/public-ip';

/**
 * What its own .env sets, and its launcher. HTTPLauncher, its proxy, streaming and recording are not run: their names are
 * left out.
 */
export const sipMediaGwDefaults = {
  MAIN_APP: 'baresip',
  SIP_PROTOCOL: 'tcp',
  DISPLAY_WEB: ':99',
  DISPLAY_APP: ':100',
  VID_SIZE_APP: '1280x720',
  VID_SIZE_WEBRTC: '1280x720',
  BFCP_FLOORCTRL: 'c-only',
  IVR_LANG: 'en',
  // Rooms of one character are entered as well; its own 5 would ask for more digits of 1234.
  IVR_DIGIT_LENGTH: '1',
  IVR_TTS: 'true',
  IVR_TIMEOUT: '900',
  // Its browser and baresip are reached on this host, and the ECS agent by these, whatever proxy is set.
  NO_PROXY: 'localhost,127.0.0.1,169.254.170.2',
};

/** What follows of the settings, whatever its file of variables says. */
export function sipMediaGwOwn(settings: Settings, sipServer: string): Record<string, string> {
  return {
    // Whom it registers with, and by way of whom.
    SIP_REGISTRAR: settings.domain,
    SIP_PROXY: sipServer,
    // An audio-only one needs no sound card: PulseAudio in its container does.
    ...(settings.gatewayAudioOnly
      ? { AUDIO_ONLY: 'true', WITH_ALSA: settings.launchType === 'ec2' ? 'true' : 'false' }
      : { WITH_ALSA: 'true' }),
  };
}

/** Good for a day, and for this task: coturn checks them by the secret alone (turn-servers.ts). */
export const turnCredentials = [
  'TURN_USER="$(( $(date +%s) + 86400 )):$SIP_NAME_PREFIX"',
  'TURN_PASS=$(printf %s "$TURN_USER" | openssl dgst -sha1 -hmac "$TURN_SECRET" -binary | base64)',
  'unset TURN_SECRET',
  'export TURN_USER TURN_PASS',
];

/** As its own account line has it. */
const registrationSec = 60;

/** It takes its time over the log, up to 5 s, and then waits for an answer for up to 10. */
const recordLimitSec = 15;

/** On Fargate only the world outside can tell: this is AWS's own service for it. */
const publicAddress = {
  ec2: `cat ${publicAddressFile}`,
  fargate: 'curl -fsS --retry 5 https://checkip.amazonaws.com',
};

/**
 * What it does when ECS stops its task, as it does when the call ends. Its entrypoint has become event_handler.py by then, which
 * means to tell baresip to quit, but dies of the signal with status 1, since src/netstring.py of 564e7a5 does not import
 * subprocess, and baresip stays registered. So baresip is told here; and where it has quit, the handler is about to end.
 */
const stop = `stop() {
  if pgrep -x baresip > /dev/null; then
    echo /quit | netcat -q 1 127.0.0.1 5555 > /dev/null || true
  elif ! grep -q event_handler "/proc/$gateway/cmdline" 2> /dev/null; then
    kill -TERM "$gateway" 2> /dev/null || true
  fi
}`;

/**
 * The shell script that its container starts with. It changes what the image cannot be told by variables, and then starts
 * the image as it is:
 * - the prefix of its name is the id of its task, so that a registration names the task to stop. ECS tells the id only at
 *   its metadata endpoint;
 * - baresip takes media where the security group lets it in, and its console and control, which have no password, take
 *   commands of this host alone;
 * - baresip tells the port that its connection comes from as its Contact, where nobody listens: no edge but the one that it
 *   registered at could call it, and that one as long as the connection stands. So it listens at a port, and connects from it;
 * - its record goes to LOG_PUSH_URL, which holds its own password where it is the stack's;
 * - /var/logs is a volume of its docker-compose.yml: without it there is no history, nothing is sent to LOG_PUSH_URL, and
 *   it does not wait for its camera;
 * - baresip registers as soon as it runs, and its event handler, which takes the calls, listens some seconds later, once its
 *   browser is up: a call of between would ring for a minute. So baresip is told to register by its console, and not before
 *   somebody listens to its events;
 * - told to stop, it has baresip hang up and un-REGISTER, and ends with 0;
 * - the container would end with its event handler, before the record of the call is sent: it is waited for;
 * - on Fargate /dev/shm has 64 MB, and Chromium takes files instead.
 */
export function sipMediaGwStart({
  launchType,
  mediaAddress,
}: Pick<Settings, 'launchType' | 'mediaAddress'>): string {
  const config = '/var/baresip/config_default';
  const lines = [
    'set -eu',
    'SIP_NAME_PREFIX=$(curl -fsS --retry 5 "$ECS_CONTAINER_METADATA_URI_V4/task" | jq -er \'.TaskARN | split("/") | last\')',
    'export SIP_NAME_PREFIX',
    mediaReportAddress,
    'mkdir -p /var/logs',
    `sed -i -E '/^#?rtp_ports/d; s/^(cons|http|ctrl_tcp)_listen([[:space:]]+)0\\.0\\.0\\.0:/\\1_listen\\2127.0.0.1:/' ${config}`,
    `sed -i -E 's/^#?sip_listen.*/sip_listen\\t0.0.0.0:${sipPort}/' ${config}`,
    `printf '\\nrtp_ports\\t${mediaPorts.first}-${mediaPorts.last}\\n' >> ${config}`,
  ];
  if (mediaAddress === 'public') {
    lines.push(`PUBLIC_IP=$(${publicAddress[launchType]})`, 'export PUBLIC_IP');
  }
  if (mediaAddress === 'turn') lines.push(...turnCredentials);
  if (launchType === 'fargate') {
    lines.push(
      `printf 'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS --disable-dev-shm-usage"\\n' > /etc/chromium.d/switchroom`,
    );
  }
  lines.push(
    `sed -i 's/;regint=${registrationSec};/;regint=0;tcpsrcport=${sipPort};/' /var/baresip/baresip.sh`,
    [
      `(until netstat -tn | grep -q ':4444 .*ESTABLISHED'; do sleep 0.2; done`,
      `echo /uareg ${registrationSec} 0 | netcat -q 1 127.0.0.1 5555) > /dev/null &`,
    ].join('; '),
  );
  lines.push(
    stop,
    '/bin/bash /var/entrypoint.sh & gateway=$!',
    'trap stop TERM INT',
    'while kill -0 "$gateway" 2> /dev/null; do wait "$gateway" && status=0 || status=$?; done',
    `for _ in $(seq ${2 * recordLimitSec}); do pgrep -f '[l]ogParse .* -i' > /dev/null || break; sleep 0.5; done`,
    'exit "$status"',
  );
  return lines.join('\n');
}
