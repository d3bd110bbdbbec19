import { hostname } from 'node:os';
import { closest } from 'fastest-levenshtein';
import * as z from 'zod';
import { edgeIdSchema } from '../contracts/common.ts';
import { digestAlgorithms } from '../sip/digest/auth-params.ts';
import { parseHostPort } from '../sip/host-port.ts';
import { gatewayTexts } from './call/setup/gateway-text.ts';

/*
 * The edge's settings, read once from the environment and checked at start: a wrong one stops the start with
 * one line that names it. Names and meanings: docs/architecture.md.
 */

const integer = (min: number, max: number, fallback: number) =>
  z.coerce.number().int().min(min).max(max).default(fallback);

const list = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    );

const addressSchema = z.string().transform((text, context) => {
  const { host = '', port } = parseHostPort(text) ?? {};
  if (port !== undefined) return { host, port };
  context.addIssue('must be host:port');
  return z.NEVER;
});

const environmentSchema = z.object({
  /** The domain served (host part of the Request-URI, To and From), and the realm of digests. */
  SIP_DOMAIN: z
    .string()
    .min(1)
    .max(253)
    .transform((domain) => domain.toLowerCase()),
  /** Domains served beside it, and this edge's own addresses. */
  FURTHER_DOMAINS: list('').transform((hosts) => hosts.map((host) => host.toLowerCase())),
  /** Middle part of the gateways' usernames. */
  GATEWAY_NAME: z.string().min(1).max(64).default('mediagw'),
  /** Whose parsers read room and caller's name: SIPMediaGW's, or of gateways that take both `as-sent`. */
  GATEWAY_TEXT: z.enum(gatewayTexts).default('sipmediagw'),

  /** Function names or ARNs. */
  REGISTER_FUNCTION: z.string().min(1),
  ALLOCATE_FUNCTION: z.string().min(1),
  CALLS_FUNCTION: z.string().min(1),
  BUS_NAME: z.string().min(1),
  /** Secrets Manager secret, JSON `{"current":"…","previous":"…"?}`. */
  SIP_SECRET_ARN: z.string().min(1),
  /** Secrets Manager secret of the endpoints' accounts, JSON `{"user":"password",…}`. Unset: there are none. */
  ENDPOINTS_SECRET_ARN: z.string().min(1).optional(),

  /** This edge's name in the table. Must outlive a restart, or its calls cannot be taken over. */
  EDGE_ID: edgeIdSchema.default(() => hostname().slice(0, 64)),
  /** Directory of the outbox's file. Must outlive a restart, or facts that were not sent yet are lost. */
  STATE_DIR: z.string().min(1).default('/var/lib/switchroom'),
  /** drachtio's admin address. Loopback only: the port does not enforce its secret. */
  DRACHTIO_ADDRESS: addressSchema.prefault('127.0.0.1:9022'),
  DRACHTIO_SECRET: z.string().min(1),
  /** CIDR of the network that gateways of this deployment are in: they are told drachtio's address in it. */
  LOCAL_NET: z.cidrv4().optional(),
  /** Port on which HTTP asks whether this edge serves (health-endpoint.ts). Unset: nothing listens. */
  HEALTH_PORT: z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .optional(),
  /** Address that it listens on. A load balancer asks from outside: `0.0.0.0` then. */
  HEALTH_HOST: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
  /** Where the SIP server is asked by OPTIONS for that, UDP. Unset: this host's own address, port 5060. */
  HEALTH_SIP_ADDRESS: addressSchema.optional(),
  /** How long the answer to that OPTIONS may take, ms. */
  HEALTH_TIMEOUT_MS: integer(100, 10_000, 2000),
  /** Given by ECS to its containers: where the task asks to be protected while it has calls. */
  ECS_AGENT_URI: z.url().optional(),
  /** Given by ECS to its containers: where they learn which task they are of. */
  ECS_CONTAINER_METADATA_URI_V4: z.url().optional(),
  /** ARNs of the load balancers' target groups of this edge, which it leaves when a newer edge is there. */
  TARGET_GROUPS: list(''),
  /**
   * How often it asks whether there is one, and leaves again, seconds. ECS registers it anew meanwhile; it takes two good
   * checks, ten seconds apart, to be given calls again.
   */
  SUCCESSION_POLL_SEC: integer(1, 300, 5),
  /** The deployment's name in the metrics. Unset: none are written. */
  STACK_NAME: z.string().min(1).max(128).optional(),
  /** How often the metrics are written, seconds. */
  METRICS_INTERVAL_SEC: integer(1, 3600, 60),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),

  /** Shortest registration granted, seconds (RFC 3261 10.3 step 6). */
  MIN_EXPIRES_SEC: integer(1, 3600, 60),
  /** Below the minimum: `raise` the grant to it, as the original does, or `refuse` with 423 and Min-Expires. */
  MIN_EXPIRES_MODE: z.enum(['raise', 'refuse']).default('raise'),
  /** Longest registration granted, and what is granted where none is asked for, seconds. */
  MAX_EXPIRES_SEC: integer(60, 3600, 3600),

  /**
   * A gateway that has sent nothing for so long is asked by OPTIONS, ms; after as long again without an answer to that
   * it is silent, and the next is tried. (drachtio does not show a 100, which may have come.)
   */
  GATEWAY_TIMEOUT_MS: integer(100, 32_000, 2000),
  /** Gateways tried for one call. */
  MAX_ATTEMPTS: integer(1, 10, 3),
  /** How long a gateway may ring without an answer, or answer OPTIONS and say nothing of the call, seconds. */
  RING_LIMIT_SEC: integer(1, 600, 60),
  /** How long a call waits for a gateway to start, seconds. */
  WAIT_LIMIT_SEC: integer(1, 600, 90),
  /** How often the edge's lease is renewed while there are calls, and asked whose gateway's task has stopped, ms. */
  HANGUP_POLL_MS: integer(500, 60_000, 2000),
  /** How often the legs of taken-over calls are probed with OPTIONS, ms. */
  PROBE_INTERVAL_MS: integer(500, 60_000, 5000),
  /** A probe without an answer for so long counts as failed, ms. */
  PROBE_TIMEOUT_MS: integer(500, 32_000, 4000),
  /**
   * How often both legs of every call are probed so, ms. With the wait for an answer it is below the 30 s after which
   * many a NAT forgets a UDP flow (RFC 4787 4.3), and the 120 s of a load balancer: what an edge sends later would reach
   * the caller from another address, or not at all.
   */
  KEEPALIVE_INTERVAL_MS: integer(500, 3_600_000, 20_000),

  /**
   * How long a command may take, with its second try, ms: as long as the functions may. Callers hear it ring meanwhile,
   * and it is well below the SIP client's patience (timer F, 32 s).
   */
  COMMAND_TIMEOUT_MS: integer(100, 30_000, 5000),
  /** Sockets kept open to the Lambda endpoint. 600 commands/s of 20 ms each need 12. */
  COMMAND_SOCKETS: integer(1, 1000, 100),

  /** How often the edge's lease is renewed while there is no call, seconds, and how long it lasts without. */
  HEARTBEAT_SEC: integer(1, 60, 15),
  LEASE_SEC: integer(15, 600, 45),
  /** After SIGTERM: how long calls in progress may go on, seconds. */
  DRAIN_LIMIT_SEC: integer(0, 7200, 110),

  /**
   * Of how many calls in a hundred X-Ray keeps the trace, at $5 a million traces. Log lines have the trace id of every
   * call, whatever is set here.
   */
  TRACE_SAMPLE_PERCENT: integer(0, 100, 0),

  /** Bytes of facts kept on disk before the oldest are given up (1 KB a fact). */
  OUTBOX_MAX_BYTES: integer(65_536, 4_294_967_296, 268_435_456),
  /** How often the SIP secret is read anew, seconds, and how soon at the earliest after a wrong password. */
  SECRET_REFRESH_SEC: integer(5, 86_400, 300),
  SECRET_MISMATCH_REFRESH_SEC: integer(1, 3600, 10),
  /** How long a nonce is good, seconds; later answers get `stale=true`. */
  NONCE_LIFETIME_SEC: integer(5, 86_400, 300),

  /**
   * Digest algorithms offered, in this order. RFC 8760 2.4 has a client take the first that it knows, so `SHA-256,MD5`
   * is the stronger choice; but many read the first challenge only and know only MD5 (SIPp 3.6 aborts on another),
   * and a gateway that cannot register helps nobody. `SHA-256` alone where all gateways know it.
   */
  DIGEST_ALGORITHMS: list('MD5,SHA-256').pipe(z.array(z.enum(digestAlgorithms)).min(1)),
  /** Parts of User-Agents that fail when SHA-256 is offered beside MD5: they are offered MD5 alone. */
  MD5_ONLY_AGENTS: list('baresip v0,baresip v1,baresip v2'),

  /** `true`: a caller whose SDP has an address of a private network is sent media where its packets come from. */
  REPAIR_SDP: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  /** CIDRs whose From of our domain needs no digest. */
  TRUSTED_ADDRESSES: list(''),
  /** Parts of User-Agents, case-insensitive, whose requests are dropped without an answer. */
  SCANNER_AGENTS: list(
    'friendly-scanner,sipvicious,sipcli,sundayddr,sip-scan,sipsak-scan,vaxsipuseragent,pplsip,iwar,gulp,smap,friendly-request,sivus,warvox,sipptk',
  ),
  /** New requests a second from one address, and how many may come at once; above ten times that, silence. */
  ADDRESS_RATE_PER_SEC: integer(1, 100_000, 50),
  ADDRESS_BURST: integer(1, 1_000_000, 200),
  /**
   * Calls that callers who have acknowledged none yet may have at once between INVITE and ACK, while no gateway is waited
   * for. What is usual is the calls that come within one set-up; a deployment gives a quarter of its pool.
   */
  HALF_OPEN_LIMIT: integer(1, 100_000, 20),
  /** Wrong passwords of one address or for one user before it is banned, in so many seconds, for so many. */
  BAN_AFTER_FAILURES: integer(1, 1000, 10),
  BAN_WINDOW_SEC: integer(1, 86_400, 60),
  BAN_SEC: integer(1, 86_400, 300),
  /** Addresses remembered by the limits. Bounds memory: the least recent is forgotten first. */
  TRACKED_ADDRESSES: integer(100, 1_000_000, 20_000),
});

/** Turns `MIN_EXPIRES_SEC` into `minExpiresSec`. */
type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<CamelCase<Tail>>}`
  : Lowercase<S>;

type Environment = z.infer<typeof environmentSchema>;

/** The settings by the names of the environment in camel case: `MIN_EXPIRES_SEC` is `minExpiresSec`. */
export type Settings = { readonly [K in keyof Environment as CamelCase<K>]: Environment[K] };

/** One line that says which setting is wrong and why. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const camelCase = (name: string) =>
  name.toLowerCase().replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/**
 * Reads and checks the settings.
 * @param environment e.g. `process.env`; keys that are not ours are ignored, empty values count as not given
 * @param givenByHand names of variables that a person chose: each must be a setting, or one of the AWS SDK (`AWS_…`)
 * @throws {SettingsError} naming each wrong variable
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  givenByHand: readonly string[] = [],
): Settings {
  const known = Object.keys(environmentSchema.shape);
  for (const name of givenByHand.filter((one) => !one.startsWith('AWS_') && !known.includes(one))) {
    throw new SettingsError(`wrong settings: ${name} is none: is ${closest(name, known)} meant?`);
  }
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new SettingsError(`wrong settings: ${problems.join('; ')}`);
  }
  const settings = parsed.data;
  if (settings.MIN_EXPIRES_SEC > settings.MAX_EXPIRES_SEC) {
    throw new SettingsError('wrong settings: MIN_EXPIRES_SEC is above MAX_EXPIRES_SEC');
  }
  if (settings.LEASE_SEC < 2 * settings.HEARTBEAT_SEC) {
    throw new SettingsError('wrong settings: LEASE_SEC must outlast two heartbeats (HEARTBEAT_SEC)');
  }
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [camelCase(name), value]),
  ) as unknown as Settings;
}
