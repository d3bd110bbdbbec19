import type { DropWord, RefusalWord } from '../../contracts/refusals.ts';
import { knownMethods } from '../../sip/methods.ts';
import { parseNameAddr, parseNameAddrs } from '../../sip/name-addr.ts';
import { parseSipUri, unescapeUser } from '../../sip/uri.ts';
import { unsupportedOptions } from '../call/leg/options.ts';
import { isSessionTooShort, minSessionExpiresSec } from '../call/leg/session-timer.ts';
import { maxPassedBytes } from '../drachtio/size-limit.ts';
import type { Headers } from '../drachtio/srf.ts';
import { isOwnDomain, isOwnHost, type OwnHosts } from '../own-host.ts';
import { isCallId } from './call-id.ts';

/* Which requests the edge lets in, by what stands in them: pure, and the same for every source. */

export interface IncomingRequest {
  method: string;
  uri: string;
  headers: Readonly<Headers>;
  /** Characters of the message as received. */
  size: number;
}

export interface CheckPolicy extends OwnHosts {
  scannerAgents: readonly string[];
}

export type CheckResult =
  | { result: 'pass' }
  /** From claims a user of our own domain: to be authenticated. */
  | { result: 'own-user'; username: string }
  | { result: 'drop'; word: DropWord }
  | { result: 'refuse'; word: RefusalWord; headers?: Record<string, string> };

/** What the edge takes outside a dialog. */
const allowedMethods = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER'] as const;

/** All that the edge takes (RFC 3261 20.5): within a dialog besides what passes from leg to leg. */
export const allowHeader = [...allowedMethods, 'UPDATE', 'INFO', 'REFER', 'MESSAGE', 'NOTIFY'].join(', ');

/** What there is within a dialog or a subscription alone (RFC 6086 4.2.2, 6665 4.1.3). The SIP server itself answers UPDATE so. */
const inDialogAlone: ReadonlySet<string> = new Set(['INFO', 'NOTIFY']);

const maxContacts = 10;
const maxRoutes = 70;

const refuse = (word: RefusalWord, headers?: Record<string, string>): CheckResult => ({
  result: 'refuse',
  word,
  ...(headers && { headers }),
});

/** @returns whether the request belongs to a dialog (RFC 3261 12.2): its To has a tag */
const isInDialog = ({ headers }: IncomingRequest): boolean =>
  parseNameAddr(headers.to ?? '')?.params.has('tag') ?? false;

/**
 * Checks a request that no dialog has taken.
 * @returns whether it may pass, or the word for why not (contracts/refusals.ts); silence for a scanner
 */
export function checkRequest(request: IncomingRequest, policy: CheckPolicy): CheckResult {
  const { method, headers } = request;
  const agent = headers['user-agent']?.toLowerCase() ?? '';
  if (policy.scannerAgents.some((part) => agent.includes(part.toLowerCase()))) {
    return { result: 'drop', word: 'scanner' };
  }
  if (!isCallId(headers['call-id'])) return refuse('bad-call-id');
  if (request.size > maxPassedBytes) return refuse('too-large');
  if (!knownMethods.has(method)) return refuse('unknown-method');

  const from = parseNameAddr(headers.from ?? '');
  if (from === undefined || parseNameAddr(headers.to ?? '') === undefined) {
    return refuse('bad-from-or-to');
  }
  if (isInDialog(request) || inDialogAlone.has(method)) return refuse('no-such-dialog');
  if (!/^sips?:/i.test(request.uri)) return refuse('unsupported-scheme');
  const unsupported = unsupportedOptions(headers.require, headers['proxy-require']);
  // The registrar says the same of a REGISTER.
  if (unsupported && method !== 'REGISTER' && method !== 'ACK')
    return refuse('extension-required', { Unsupported: unsupported });
  // A keep-alive of a load balancer or peer asks by address, and is answered whatever name it uses.
  if (method === 'OPTIONS') return { result: 'pass' };
  if (!(allowedMethods as readonly string[]).includes(method)) {
    return refuse('method-not-allowed', { Allow: allowedMethods.join(', ') });
  }
  return checkTarget(request, from.uri, policy);
}

/** An INVITE has a Contact (RFC 3261 8.1.1.8): without one nothing could be sent to the caller, not even BYE. */
const isReachable = (contact = ''): boolean =>
  parseSipUri(parseNameAddrs(contact, maxContacts)?.[0]?.uri ?? '') !== undefined;

/** What is sent to the caller goes by its Record-Route. One of `*` by TCP would end drachtio 0.9.10. */
const isRouted = (recordRoute: string | undefined): boolean =>
  recordRoute === undefined ||
  (parseNameAddrs(recordRoute, maxRoutes)?.every(({ uri }) => parseSipUri(uri) !== undefined) ?? false);

function checkTarget(request: IncomingRequest, fromUri: string, policy: CheckPolicy): CheckResult {
  const target = parseSipUri(request.uri);
  // No room and no gateway has control characters in its name, escaped or not.
  if (target === undefined || /\p{Cc}/u.test(unescapeUser(target.user ?? '')))
    return refuse('bad-request-uri');
  if (!isOwnHost(policy, target.host)) return refuse('foreign-domain');
  // The registrar authenticates a REGISTER, and relays none.
  if (request.method === 'REGISTER') return { result: 'pass' };

  if (request.method === 'INVITE' && !isReachable(request.headers.contact)) return refuse('bad-contact');
  if (!isRouted(request.headers['record-route'])) return refuse('bad-record-route');
  if (isSessionTooShort(request.headers)) {
    return refuse('session-too-short', { 'Min-SE': `${minSessionExpiresSec}` });
  }
  const hops = request.headers['max-forwards']?.trim();
  if (hops !== undefined && !/^0*\d{1,3}$/.test(hops)) return refuse('bad-max-forwards');
  if (hops !== undefined && Number(hops) === 0) return refuse('too-many-hops');

  const from = parseSipUri(fromUri);
  // `tel:` and the like are no identity of ours.
  if (from === undefined && /^sips?:/i.test(fromUri)) return refuse('bad-from');
  if (from === undefined || !isOwnDomain(policy, from.host)) return { result: 'pass' };
  return { result: 'own-user', username: unescapeUser(from.user ?? '') };
}
