import * as z from 'zod';
import { fargateCpuUnits, oneOf, orEmpty, wholeNumber, yesOrNo } from '../setting-types.ts';

/** `NAME=ARN` and `NAME=ARN:key`, with commas between; cdk.json may give an object. */
const secretsByName = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? Object.fromEntries(
          value
            .split(',')
            .filter((one) => one.trim() !== '')
            .map((one) => [one.split('=', 1)[0]?.trim(), one.slice(one.indexOf('=') + 1).trim()]),
        )
      : value,
  z.record(
    z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be the name of a variable'),
    z
      .string()
      .regex(
        /^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:]+-[A-Za-z0-9]{6}(:[\w.-]+)?$/,
        'must be the whole ARN of a secret, with :key after it where the secret is JSON',
      ),
  ),
);

/** What a deployment can be told of its gateways. */
export const gatewayFields = {
  /** What gateways run on. An image that needs devices of its host (SIPMediaGW) needs `ec2`. */
  launchType: z.enum(['fargate', 'ec2']).default('fargate'),
  /** The gateways' image in a registry. Empty: the sample gateway of this project, built from gateway/. */
  gatewayImage: z.string().max(512).default(''),
  /**
   * Runs SIPMediaGW without video, for which it needs no device of its host: then `fargate` will do, with a vCPU or two.
   */
  gatewayAudioOnly: yesOrNo.default(false),
  /**
   * File of variables for SIPMediaGW, `NAME=value` a line, checked: its conferences (WEBRTC_DOMAINS, which it must have) and
   * whatever else docs/sipmediagw.md lists.
   */
  gatewayEnvironment: z.string().max(4096).default(''),
  /**
   * Variables of SIPMediaGW that are secrets, such as AUTH_TOKEN: `NAME=ARN`, comma separated, with `:key` after the ARN
   * where the secret is JSON. A secret has the account's own key.
   */
  gatewaySecrets: secretsByName.default({}),
  /**
   * The address that gateways tell callers to send media to: `public`, the one that the Internet sees; `private`, for callers
   * that reach the network of the gateways by a VPN or a peering; `turn`, one of a TURN server in each zone, with a static
   * address and one range of ports.
   */
  mediaAddress: z.enum(['public', 'private', 'turn']).default('public'),
  /** Type of the TURN servers' instances (Arm): their network carries all media, both ways. */
  turnInstanceType: z
    .string()
    .regex(/^[a-z0-9-]+\.[a-z0-9]+$/, 'such as t4g.small')
    .default('t4g.small'),
  /** coturn's image, for Arm. */
  turnImage: z.string().min(1).max(512).default('coturn/coturn:4.6.2'),
  /**
   * host:port that tells a sample gateway its public address (STUN, RFC 8489): a task on Fargate has one and does not
   * know it, and callers would be told the private one. Empty: the gateway tells the address it has.
   */
  stunServer: orEmpty(/^[A-Za-z0-9.-]+:\d{1,5}$/, 'must be host:port').default('stun.l.google.com:19302'),
  /** CPU units of a gateway's task (1024 = one vCPU); SIPMediaGW takes 4096. */
  gatewayCpuUnits: oneOf(fargateCpuUnits).default(256),
  /** Memory of a gateway's task, in MiB; Fargate takes 2 to 8 times as many as CPU units. */
  gatewayMemoryMiB: wholeNumber(512, 122_880).default(512),
  /** Processor of the gateway's image: where it was built without emulation is the sensible choice. */
  gatewayArchitecture: z.enum(['arm64', 'x86_64']).default('arm64'),
  /** Type of the instances, each of one gateway, with `launchType` ec2. */
  gatewayInstanceType: z
    .string()
    .regex(/^[a-z0-9-]+\.[a-z0-9]+$/, 'such as c6i.xlarge')
    .default('c6i.xlarge'),
  /**
   * Machine image of these instances, which `launchType` ec2 needs: Linux with systemd, the ECS agent, the modules snd-aloop
   * and v4l2loopback, and the gateways' image. `npm run machine-image` makes one. Its disk is /dev/xvda.
   */
  gatewayMachineImage: orEmpty(/^ami-[0-9a-f]{8,17}$/, 'must be the id of a machine image'),
  /** Instances kept stopped beside those that run (a warm pool): they start sooner than new ones, and cost their disks. */
  gatewayWarmInstances: wholeNumber(0, 1000).default(0),
  /** How long a stopped gateway may take to un-REGISTER and to leave its call, in seconds (Fargate: at most 120). */
  gatewayStopTimeoutSec: wholeNumber(2, 120).default(30),
};

type GatewaySettings = z.infer<z.ZodObject<typeof gatewayFields>>;

/** Whether the gateways' image is SIPMediaGW: the sample needs neither devices nor a switch for video. */
export const isSipMediaGw = ({ launchType, gatewayAudioOnly }: GatewaySettings): boolean =>
  launchType === 'ec2' || gatewayAudioOnly;

/** @returns what of the settings does not fit together: the setting, and why */
export function* gatewayProblems(
  settings: GatewaySettings & { afterCall: 'stop' | 'reuse'; gatewayText: 'sipmediagw' | 'as-sent' },
): Generator<[keyof typeof settings, string]> {
  if (!isSipMediaGw(settings)) {
    const needs = 'is for SIPMediaGW: needs launchType ec2, or gatewayAudioOnly';
    if (settings.gatewayEnvironment !== '') yield ['gatewayEnvironment', needs];
    if (Object.keys(settings.gatewaySecrets).length > 0) yield ['gatewaySecrets', needs];
    return;
  }
  const why = settings.gatewayAudioOnly ? 'gatewayAudioOnly' : 'launchType ec2';
  if (settings.gatewayImage === '') {
    yield ['gatewayImage', `${why} needs one, such as renater/sipmediagw:1.8.4`];
  }
  if (settings.gatewayArchitecture === 'arm64') {
    yield ['gatewayArchitecture', `${why} needs x86_64, which SIPMediaGW is built for`];
  }
  if (settings.afterCall === 'reuse') yield ['afterCall', 'SIPMediaGW ends after each call: must be stop'];
  if (settings.gatewayText === 'as-sent') {
    yield ['gatewayText', 'SIPMediaGW would enter another room than was dialled: must be sipmediagw'];
  }
  if (settings.launchType === 'ec2' && settings.gatewayMachineImage === '') {
    yield ['gatewayMachineImage', 'launchType ec2 needs one: npm run machine-image makes it'];
  }
  if (settings.gatewayEnvironment === '') {
    yield ['gatewayEnvironment', `${why} needs one, which names the conferences (docs/sipmediagw.md)`];
  }
}
