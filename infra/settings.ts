import { closest } from 'fastest-levenshtein';
import * as z from 'zod';
import { timeZoneSchema } from '../contracts/common.ts';
import { apiSettings } from './api/api-settings.ts';
import { exportSettings } from './export/export-settings.ts';
import { gatewayFields, gatewayProblems } from './gateways/gateway-settings.ts';
import {
  captureServer,
  cidrs,
  fargateCpuUnits,
  hostNames,
  logRetentionDays,
  oneOf,
  orEmpty,
  secretArn,
  wholeNumber,
  yesOrNo,
} from './setting-types.ts';

/*
 * What a deployment can be told. Each has a default, so that the stack deploys from nothing. They are given as CDK
 * context, in cdk.json or as `-c name=value`: `npx cdk deploy -c domain=sip.example.org -c afterCall=reuse`.
 */

export const settingsFields = z.strictObject({
  /** The SIP domain served: a room is called as `sip:{room}@{domain}`. */
  domain: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be a host name or an IPv4 address')
    .default('sip.switchroom.test'),
  /**
   * Domains served beside it, comma separated: their DNS and certificate are yours to make. The edges' own addresses are
   * served too, for room systems that dial `sip:{room}@{address}`.
   */
  domains: hostNames.default([]),
  /**
   * ARN of a secret with the accounts of room systems that register with us, or call with our domain in From: JSON
   * `{"user":"password"}`. Empty: there are none, and such a caller is refused unless `trustedAddresses` has it.
   */
  endpointsSecretArn: orEmpty(secretArn, 'must be the whole ARN of a secret'),
  /** The middle part of each gateway's username, `{prefix}.{gatewayName}.{id}`. No dots. */
  gatewayName: z
    .string()
    .max(32)
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, _ and - only')
    .default('mediagw'),
  /**
   * What gateways can read of a room and a caller's name: `sipmediagw`, where other rooms than it can enter are refused by 484
   * and names are made safe for its parsers; `as-sent` for gateways of your own that take both as callers send them.
   */
  gatewayText: z.enum(['sipmediagw', 'as-sent']).default('sipmediagw'),
  /** The shortest registration granted, in seconds (RFC 3261 10.3 step 6). */
  minExpiresSec: wholeNumber(1, 3600).default(60),
  /** What a shorter wish gets: `raise` grants the minimum, `refuse` answers 423 with Min-Expires. */
  minExpiresMode: z.enum(['raise', 'refuse']).default('raise'),
  /** What becomes of a gateway after its call: its task is stopped, or it returns to the pool. */
  afterCall: z.enum(['stop', 'reuse']).default('stop'),
  /** How long a lock holds without an answer, in seconds. */
  lockLeaseSec: wholeNumber(5, 600).default(120),
  /** How long a call waits for a gateway to start, in seconds, while the pool may grow. */
  waitLimitSec: wholeNumber(1, 600).default(90),
  /** How long a gateway whose edge is gone may take to leave by itself before it is stopped, in seconds. */
  edgeLostGraceSec: wholeNumber(0, 3600).default(60),
  /** Partitions of the `free` index. One serves about 1,000 locks and releases a second. */
  freeShards: wholeNumber(1, 16).default(1),
  /** CIDRs, comma separated, whose callers may use a From of our domain without digest. */
  trustedAddresses: cidrs.default([]),
  /**
   * Whether a caller behind NAT, whose SDP has an address of a private network, is sent media where its SIP comes from.
   * Not where callers come by a proxy on the Internet, whose address that would be.
   */
  repairSdp: yesOrNo.default(false),
  /** How long all logs are kept, in days. */
  logRetentionDays: oneOf(logRetentionDays).default(30),
  /**
   * Of how many calls in a hundred X-Ray keeps the trace, at $5 a million traces. Log lines have the trace id of every
   * call, whatever is set here.
   */
  traceSamplePercent: wholeNumber(0, 100).default(5),
  /** How long the bus keeps the facts of calls for a replay, in days. */
  archiveDays: wholeNumber(1, 3650).default(14),
  /**
   * Executions reserved for each of the functions that callers' traffic drives (register, allocate, calls, fleet): at most
   * so many at once, whatever comes, and nothing else of the account takes them. 0: none. A new account has as few as
   * 10 in all and CloudFormation refuses to reserve any of them, so the default deploys everywhere; with the usual
   * 1000, 100 is a sound choice (an edge has at most 100 commands under way).
   */
  reservedConcurrency: wholeNumber(0, 1000).default(0),
  /** The e-mail address that alarms are sent to; it must confirm the subscription. Empty: nobody is told. */
  alarmAddress: orEmpty(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'must be an e-mail address'),
  /**
   * Packets lost, in percent, from which on an alarm says so: of one call in ten, in its worst stream and direction. 0: never.
   */
  alarmLossPercent: wholeNumber(0, 100).default(5),
  /** The same of the jitter, in milliseconds. */
  alarmJitterMs: wholeNumber(0, 10_000).default(60),
  ...apiSettings,
  ...exportSettings,
  /** Whether table and secret outlive `cdk destroy`, and the stack is protected against it. */
  keepData: yesOrNo.default(true),

  /** Availability zones, each with an edge and a static address of its own. */
  zones: wholeNumber(1, 3).default(2),
  /** Addresses of the network, a prefix of 16 to 25 bits. Each zone takes a quarter of them. */
  vpcCidr: z
    .cidrv4()
    .refine((text) => /\/(1[6-9]|2[0-5])$/.test(text), { message: 'must have a prefix of 16 to 25 bits' })
    .default('10.20.0.0/16'),
  /** CIDRs, comma separated, that may send SIP to the edges. */
  allowedAddresses: cidrs.default(['0.0.0.0/0']),
  /**
   * ARN of a secret with a certificate for SIP over TLS: JSON with the PEM texts `certificate` (its chain after it)
   * and `privateKey`. Empty: no TLS.
   */
  tlsCertificateSecretArn: orEmpty(secretArn, 'must be the whole ARN of a secret'),
  /** ARN of the customer-managed key that encrypts that secret. Empty: it has the account's own key. */
  tlsCertificateKeyArn: orEmpty(
    /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
    'must be the ARN of a key',
  ),
  /** Id of the Route 53 hosted zone of `domain`, for its A, SRV and NAPTR records. Empty: none are made. */
  hostedZoneId: orEmpty(/^Z[A-Z0-9]{1,31}$/, 'must be the id of a hosted zone'),
  /** Name of that hosted zone, where it is not `domain` itself. */
  hostedZoneName: orEmpty(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be a domain name'),
  /**
   * host:port, from 1024 on, of a capture server (Homer, by heplify-server): each edge sends it a copy of all its SIP as HEP 3
   * by UDP, with its zone's number as capture id, and each SIPMediaGW of its own (HEPLIFY_SRV). It goes in clear, and
   * without a password (docs/security.md). A name is looked up when an edge starts. Empty: nothing is sent.
   */
  captureServer: captureServer.default(''),
  /** The SIP server of the edges. */
  drachtioImage: z.string().min(1).max(512).default('drachtio/drachtio-server:0.9.10'),
  /** CPU units of an edge's task (1024 = one vCPU). drachtio uses one vCPU at most, for some 700 calls a second. */
  edgeCpuUnits: oneOf(fargateCpuUnits).default(1024),
  /** Memory of an edge's task, in MiB. drachtio keeps what a flood of requests once took, 0.7 MB each a second. */
  edgeMemoryMiB: wholeNumber(512, 30_720).default(2048),

  /** Gateways kept free, so that so many callers at once need not wait. 0: started when a call needs one. */
  poolMinFree: wholeNumber(0, 1000).default(2),
  /** The most gateways there may be, free and in calls: so many calls at once, and never more to pay. 0: none. */
  poolMax: wholeNumber(0, 10_000).default(20),
  /** How many are wanted: by times of the week (`timeline`), or learnt from the calls so far (`predictive`). */
  poolPolicy: z.enum(['timeline', 'predictive']).default('timeline'),
  /** File of a policy (docs/pool.md), also the `scaler.json` of SIPMediaGW as it is. Empty: `poolPolicy` decides. */
  poolPolicyFile: z.string().max(4096).default(''),
  /** Time zone of the policy's times of day: an IANA name, such as Europe/Paris. */
  poolTimeZone: timeZoneSchema.default('UTC'),
  /**
   * What most starts of a gateway take, from the request to its registration, in seconds: so far ahead the prediction looks,
   * and callers that wait are told so until a start has shown it. The metrics of starts say what they took.
   */
  poolStartSec: wholeNumber(1, 600).default(120),
  /** Starts under way at once, at most; `poolMax` bounds them too. */
  poolMaxStarting: wholeNumber(1, 200).default(200),
  /** How long gateways must have been superfluous before they are drained, in seconds. */
  poolDrainAfterSec: wholeNumber(0, 86_400).default(60),
  ...gatewayFields,
});

/** Inbound rules of one security group, for each family of addresses ("Amazon VPC quotas"). */
const rulesOfSecurityGroup = 60;

/** What each says is right by itself; these say what must fit together. */
const settingsSchema = settingsFields.superRefine((settings, context) => {
  const refuse = (path: keyof Settings, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (settings.hostedZoneName !== '' && settings.hostedZoneId === '') {
    refuse('hostedZoneName', 'needs hostedZoneId');
  }
  const zoneName = settings.hostedZoneName || settings.domain;
  if (settings.hostedZoneId && settings.domain !== zoneName && !settings.domain.endsWith(`.${zoneName}`)) {
    refuse('hostedZoneName', `${settings.domain} is not in ${zoneName}`);
  }
  if ((settings.oidcIssuer === '') !== (settings.oidcAudience === '')) {
    refuse('oidcAudience', 'goes with oidcIssuer: a token is taken from the one for the other');
  }
  if (settings.webhookUrl === '' && settings.webhookSecretArn !== '') {
    refuse('webhookSecretArn', 'needs webhookUrl');
  }
  if (settings.tlsCertificateKeyArn !== '' && settings.tlsCertificateSecretArn === '') {
    refuse('tlsCertificateKeyArn', 'needs tlsCertificateSecretArn');
  }
  // UDP and TCP 5060, and TCP 5061 with a certificate.
  const portsOfSip = settings.tlsCertificateSecretArn === '' ? 2 : 3;
  for (const family of ['IPv4', 'IPv6']) {
    const listed = settings.allowedAddresses.filter(
      (one) => one.includes(':') === (family === 'IPv6'),
    ).length;
    if (listed * portsOfSip > rulesOfSecurityGroup) {
      const most = Math.floor(rulesOfSecurityGroup / portsOfSip);
      refuse('allowedAddresses', `at most ${most} of ${family}: a security group takes 60 rules`);
    }
  }
  for (const [path, message] of gatewayProblems(settings)) refuse(path, message);
});
export type Settings = z.infer<typeof settingsFields>;

/** Names the setting that was probably meant. */
function unknownSetting(name: string): string {
  const nearest = closest(name, Object.keys(settingsFields.shape));
  return `unknown setting ${name}: is ${nearest} meant? docs/settings.md lists them`;
}

/** Context that is CDK's own: `aws:cdk:…`, `@aws-cdk/…`, and looked-up values. */
const isCdkContext = (key: string) => /[:/]/.test(key);

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the settings out of the CDK context.
 * @param context all context of the app
 * @throws SettingsError naming each unknown or wrong setting
 */
export function readSettings(context: Record<string, unknown>): Settings {
  const given = Object.fromEntries(Object.entries(context).filter(([key]) => !isCdkContext(key)));
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(unknownSetting).join('; ')
      : `setting ${issue.path.join('.')}: ${issue.message}`,
  );
  throw new SettingsError(problems.join('; '));
}
