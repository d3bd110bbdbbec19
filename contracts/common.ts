import * as z from 'zod';

/** Longest Call-ID taken: a key of the table, and an attacker's choice. */
export const maxCallIdLength = 256;

export const callIdSchema = z.string().min(1).max(maxCallIdLength);

/**
 * What tells a call from every other. Its Call-ID alone does not: a caller that hears 503 tries the other edge with the
 * same one (RFC 3263 4.3), or the same edge again later (RFC 3261 21.5.4), and a proxy forks. Each INVITE that an edge
 * takes in has a trace id of its own.
 */
export interface CallIdentity {
  readonly callId: string;
  /** None in what a version before trace ids says. */
  readonly traceId?: string | undefined;
}

export const usernameSchema = z.string().min(1).max(128);
export const edgeIdSchema = z.string().min(1).max(64);

/** A SIP dialog id as drachtio gives it: `{Call-ID};from-tag={tag}`. */
export const dialogIdSchema = z.string().min(1).max(600);

/** Where a packet came from, as the edge saw it (not what its headers claim). */
export const peerSchema = z.object({
  address: z.string().min(1).max(64),
  port: z.number().int().min(1).max(65535),
  protocol: z.enum(['udp', 'tcp', 'tls', 'ws', 'wss']),
});
export type Peer = z.infer<typeof peerSchema>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** A time zone that the runtime knows. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone, such as Europe/Paris');

/** A time in milliseconds since 1970 (UTC). */
export const epochMsSchema = z.number().int().nonnegative();
