import * as z from 'zod';

/*
 * What a deployment can be told. Each has a default, so that the stack deploys from nothing. They are given as CDK
 * context, in cdk.json or as `-c name=value`: `npx cdk deploy -c domain=sip.example.org -c afterCall=reuse`.
 */

/** `-c name=value` gives strings; cdk.json may give numbers. */
const wholeNumber = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value),
    z.number().int().min(min).max(max),
  );

/** The retention periods that CloudWatch Logs takes (PutRetentionPolicy), as far as they make sense here. */
const logRetentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 180, 365] as const;

/** The CPU sizes of a Fargate task that a sample gateway may need, in CPU units (1024 = one vCPU). */
const gatewayCpuUnits = [256, 512, 1024] as const;

const oneOf = (numbers: readonly number[]) =>
  wholeNumber(0, Number.MAX_SAFE_INTEGER).refine((value) => numbers.includes(value), {
    message: `must be one of ${numbers.join(', ')}`,
  });

export const settingsSchema = z.strictObject({
  /** The SIP domain served: a room is called as `sip:{room}@{domain}`. */
  domain: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be a host name or an IPv4 address')
    .default('sip.switchroom.test'),
  /** The middle part of each gateway's username, `{prefix}.{gatewayName}.{id}`. No dots. */
  gatewayName: z
    .string()
    .max(32)
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, _ and - only')
    .default('mediagw'),
  /** The shortest registration granted, in seconds (RFC 3261 10.3 step 6). */
  minExpiresSec: wholeNumber(1, 3600).default(60),
  /** What a shorter wish gets: `raise` grants the minimum, `refuse` answers 423 with Min-Expires. */
  minExpiresMode: z.enum(['raise', 'refuse']).default('raise'),
  /** What becomes of a gateway after its call: its task is stopped, or it returns to the pool. */
  afterCall: z.enum(['stop', 'reuse']).default('stop'),
  /** How long a lock holds without an answer, in seconds. */
  lockLeaseSec: wholeNumber(5, 600).default(120),
  /** How long a gateway whose edge is gone may take to leave by itself before it is stopped, in seconds. */
  edgeLostGraceSec: wholeNumber(0, 3600).default(60),
  /** Partitions of the `free` index. One serves about 1,000 locks and releases a second. */
  freeShards: wholeNumber(1, 16).default(1),
  /** CIDRs, comma separated, whose callers may use a From of our domain without digest. */
  trustedAddresses: z
    .string()
    .max(2048)
    .regex(/^[0-9A-Fa-f.:/, ]*$/, 'CIDRs, comma separated')
    .default(''),
  /** How long the functions' and the gateways' logs are kept, in days. */
  logRetentionDays: oneOf(logRetentionDays).default(30),
  /** CPU units of a gateway's task (1024 = one vCPU). */
  gatewayCpuUnits: oneOf(gatewayCpuUnits).default(256),
  /** Memory of a gateway's task, in MiB; Fargate takes 2 to 4 times as many as CPU units. */
  gatewayMemoryMiB: wholeNumber(512, 8192).default(512),
  /** Processor of the gateway's image: where it was built without emulation is the sensible choice. */
  gatewayArchitecture: z.enum(['arm64', 'x86_64']).default('arm64'),
  /** How long a stopped gateway may take to un-REGISTER and to leave its call, in seconds (Fargate: at most 120). */
  gatewayStopTimeoutSec: wholeNumber(2, 120).default(30),
});
export type Settings = z.infer<typeof settingsSchema>;

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
      ? `unknown setting ${issue.keys.join(', ')} (there are: ${Object.keys(settingsSchema.shape).join(', ')})`
      : `setting ${issue.path.join('.')}: ${issue.message}`,
  );
  throw new SettingsError(problems.join('; '));
}
