import { listOf } from '../../../sip/parameters.ts';
import type { Headers } from '../../drachtio/srf.ts';

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
  // Each leg has its own session timer, kept by drachtio (RFC 4028), and no reliable provisional answers.
  'session-expires',
  'x',
  'min-se',
  'rseq',
  'rack',
  // Name a dialog of the other leg.
  'replaces',
  'join',
  'target-dialog',
  // Option tags: see `passOptions`.
  'supported',
  'require',
  'unsupported',
] as const;

const stays: ReadonlySet<string> = new Set(ofDialogOrHop);

/** Options that the edge itself would have to keep to. */
const ownOptions: ReadonlySet<string> = new Set([
  '100rel',
  'timer',
  'replaces',
  'join',
  'tdialog',
  'path',
  'gruu',
  'outbound',
  'precondition',
  'sec-agree',
  'resource-priority',
]);

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
  return passed;
}

/** The header fields of a list of options (RFC 3261 20.37, 20.32) that the other leg can keep to. */
function passOptions(options: string | undefined): string | undefined {
  if (!options) return undefined;
  return listOf([options])
    .filter((option) => !ownOptions.has(option.toLowerCase()))
    .join(', ');
}

/**
 * @param headers of an INVITE that comes in
 * @returns Max-Forwards for the INVITE that goes out, one less (RFC 3261 16.6): a loop through this edge ends
 */
export function nextMaxForwards(headers: Readonly<Headers>): string {
  const hops = Number.parseInt(headers['max-forwards'] ?? '70', 10);
  return String(Math.max(0, Number.isNaN(hops) ? 69 : Math.min(hops, 255) - 1));
}

/** @returns true where the other side insists on an extension (RFC 3261 20.32). */
export function requires(headers: Readonly<Headers>, option: string): boolean {
  return listOf([headers.require?.toLowerCase() ?? '']).includes(option);
}
