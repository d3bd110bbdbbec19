import { isPassable, passableBody } from '../../drachtio/size-limit.ts';
import type { Headers, SrfRequest, SrfResponse } from '../../drachtio/srf.ts';
import { passAllow } from './methods.ts';
import { passOptions } from './options.ts';

/*
 * Which headers pass a back-to-back call. Both legs are dialogs of their own, so what belongs to a dialog, to a
 * hop or to the negotiation with the next element stays; everything else passes, known or not: room systems say
 * much in headers that no standard names. Keys are lower case, as drachtio-srf gives them.
 */

const ofDialogOrHop = [
  'via',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
  'route',
  'record-route',
  'path',
  'service-route',
  'max-forwards',
  'content-length',
  'timestamp',
  // Credentials are for this edge.
  'authorization',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-require',
  // Each leg has its own session timer (session-timer.ts), and no reliable provisional answers.
  'session-expires',
  'min-se',
  'rseq',
  'rack',
  // Name a dialog of the other leg.
  'replaces',
  'join',
  'target-dialog',
  // Lists of which some pass, see below.
  'allow',
  'supported',
  'require',
] as const;

const stays: ReadonlySet<string> = new Set(ofDialogOrHop);

/**
 * @param headers of a request or response of one leg
 * @returns those that go with it to the other leg
 */
export function passHeaders(headers: Readonly<Headers>): Headers {
  const passed: Headers = {};
  for (const name in headers) {
    if (!stays.has(name)) passed[name] = headers[name] as string;
  }
  const supported = passOptions(headers.supported);
  if (supported) passed.supported = supported;
  const required = passOptions(headers.require);
  if (required) passed.require = required;
  const allowed = headers.allow && passAllow(headers.allow);
  if (allowed) passed.allow = allowed;
  return passed;
}

/** What a message says, as it goes on to the other leg. */
export interface Passed {
  headers: Headers;
  body?: string;
}

/**
 * @param body as it goes on
 * @returns headers and body of a message, for the other leg; of one that is too long neither
 */
export function passed(message: SrfRequest | SrfResponse, body = passableBody(message)): Passed {
  const headers = isPassable(message) ? passHeaders(message.headers) : {};
  return body ? { headers, body } : { headers };
}

/** @returns why somebody gives up or hangs up (RFC 3326), for who hears it from us */
export function reasonIn({ reason }: { readonly reason?: string | undefined }): Headers {
  return reason ? { reason } : {};
}

/** @returns the headers that say how a body is to be read (RFC 3261 20.11 to 20.15, 20.24) */
export function contentHeaders(headers: Readonly<Headers>): Headers {
  const describes = (name: string) => name.startsWith('content-') && name !== 'content-length';
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => describes(name) || name === 'mime-version'),
  );
}

/**
 * @param headers of an INVITE that comes in
 * @returns Max-Forwards for the INVITE that goes out, one less (RFC 3261 16.6): a loop through this edge ends
 */
export function nextMaxForwards(headers: Readonly<Headers>): string {
  const hops = Number.parseInt(headers['max-forwards'] ?? '70', 10);
  return String(Math.max(0, Number.isNaN(hops) ? 69 : Math.min(hops, 255) - 1));
}
