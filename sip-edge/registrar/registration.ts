import { isIPv6 } from 'node:net';
import type { Contact, RegisterAnswer } from '../../contracts/commands.ts';
import { parseGatewayName } from '../../contracts/gateway-name.ts';
import type { RefusalWord } from '../../contracts/refusals.ts';
import { parseCSeq } from '../../sip/cseq.ts';
import { type NameAddr, parseNameAddr, parseNameAddrs } from '../../sip/name-addr.ts';
import { parseSipUri, unescapeUser } from '../../sip/uri.ts';
import { isCallId } from '../admission/call-id.ts';
import { isOwnHost, type OwnHosts } from '../own-host.ts';

/* What a REGISTER asks for and what it gets: RFC 3261 10.3, without drachtio, table or clock. */

/** The headers of a REGISTER that decide, as received; undefined where it has none. */
export interface RegisterRequest {
  uri: string;
  to: string | undefined;
  contact: string | undefined;
  expires: string | undefined;
  require: string | undefined;
  callId: string | undefined;
  cseq: string | undefined;
}

export interface RegistrationPolicy extends OwnHosts {
  /** Whether endpoints register too: names that are no gateway's. */
  hasEndpoints: boolean;
  gatewayName: string;
  minExpiresSec: number;
  minExpiresMode: 'raise' | 'refuse';
  maxExpiresSec: number;
}

export interface Refused {
  ok: false;
  word: RefusalWord;
  headers?: Record<string, string>;
}

export type Bindings =
  | { kind: 'register'; contacts: Contact[] }
  | { kind: 'unregister'; contacts: string[] | '*' }
  | { kind: 'fetch' };

/** Whose registration it is: known before the password is asked for. */
export interface Registrant {
  /** An endpoint's registration is answered and not kept: nobody calls it, and it is given no call. */
  kind: 'gateway' | 'endpoint';
  username: string;
  registrationId: string;
  cseq: number;
}

type Result<T> = { ok: true; value: T } | Refused;

const maxContacts = 10;
const maxContactLength = 512;

const refuse = (word: RefusalWord, headers?: Record<string, string>): Refused => ({
  ok: false,
  word,
  ...(headers && { headers }),
});

/**
 * Steps 1, 2 and 5 of RFC 3261 10.3: is it for us, and whose is it?
 * @returns the registrant, or the word for why it is refused (contracts/refusals.ts)
 */
export function readRegistrant(request: RegisterRequest, policy: RegistrationPolicy): Result<Registrant> {
  const { callId } = request;
  const cseq = parseCSeq(request.cseq ?? '');
  if (!isCallId(callId)) return refuse('bad-call-id');
  if (cseq?.method !== 'REGISTER') return refuse('bad-cseq');

  const target = parseSipUri(request.uri);
  if (target === undefined) return refuse('bad-request-uri');
  if (!isOwnHost(policy, target.host)) return refuse('foreign-domain');
  if (request.require !== undefined) {
    return refuse('extension-required', { Unsupported: request.require });
  }

  const to = parseNameAddr(request.to ?? '');
  const aor = to && parseSipUri(to.uri);
  if (aor === undefined) return refuse('bad-to');
  if (!isOwnHost(policy, aor.host)) return refuse('address-of-record-elsewhere');
  const username = unescapeUser(aor.user ?? '');
  const isGateway = parseGatewayName(username, policy.gatewayName) !== undefined;
  if (!isGateway && (!policy.hasEndpoints || username === '')) return refuse('no-gateway-name');
  return {
    ok: true,
    value: { kind: isGateway ? 'gateway' : 'endpoint', username, registrationId: callId, cseq: cseq.number },
  };
}

/** A malformed Expires counts as an hour (RFC 3261 20.10), one of more than 32 bits as the most of 32 bits. */
function readExpires(text: string): number {
  const trimmed = text.trim();
  return /^\d+$/.test(trimmed) ? Math.min(Number(trimmed), 2 ** 32 - 1) : 3600;
}

/** @returns what is granted, seconds, or undefined where it is too brief (423) */
function grant(askedSec: number, policy: RegistrationPolicy): number | undefined {
  if (askedSec === 0 || askedSec >= policy.minExpiresSec) return Math.min(askedSec, policy.maxExpiresSec);
  return policy.minExpiresMode === 'raise' ? policy.minExpiresSec : undefined;
}

function readContact(address: NameAddr, defaultSec: number, policy: RegistrationPolicy): Result<Contact> {
  const uri = parseSipUri(address.uri);
  if (uri === undefined || address.uri.length > maxContactLength) return refuse('bad-contact');
  // drachtio 0.9.10 ends when a gateway at [::1] answers by UDP; it is bound to IPv4 alone (infra/edge/drachtio-start.ts).
  if (isIPv6(uri.host)) return refuse('ipv6-contact');
  const expires = address.params.get('expires');
  const expiresSec = grant(expires === undefined ? defaultSec : readExpires(expires), policy);
  if (expiresSec === undefined) {
    return refuse('expires-too-brief', {
      'Min-Expires': `${policy.minExpiresSec}`,
    });
  }
  const q = address.params.get('q');
  if (q === undefined) return { ok: true, value: { uri: address.uri, expiresSec } };
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q)) return refuse('bad-contact');
  return { ok: true, value: { uri: address.uri, expiresSec, q: Number(q) } };
}

/**
 * Steps 6 and 7: what the Contacts ask for.
 * @returns a fetch without Contact, a removal where all expire at once, else the contacts with what is granted;
 * or the word for why it is refused
 */
export function readBindings(request: RegisterRequest, policy: RegistrationPolicy): Result<Bindings> {
  if (request.contact === undefined || request.contact.trim() === '') {
    return { ok: true, value: { kind: 'fetch' } };
  }
  const defaultSec = request.expires === undefined ? 3600 : readExpires(request.expires);
  if (request.contact.trim() === '*') {
    // Only with an `Expires: 0` that says so itself (RFC 3261 10.2.2).
    if (request.expires?.trim() !== '0') return refuse('wildcard-without-expires-0');
    return { ok: true, value: { kind: 'unregister', contacts: '*' } };
  }
  const addresses = parseNameAddrs(request.contact, 10 * maxContacts);
  if (addresses === undefined || addresses.some(({ uri }) => uri === '*')) return refuse('bad-contact');

  const contacts = new Map<string, Contact>();
  for (const address of addresses) {
    const contact = readContact(address, defaultSec, policy);
    if (!contact.ok) return contact;
    contacts.set(contact.value.uri, contact.value);
  }
  if (contacts.size > maxContacts) return refuse('too-many-contacts');
  const wanted = [...contacts.values()];
  if (wanted.every(({ expiresSec }) => expiresSec === 0)) {
    return { ok: true, value: { kind: 'unregister', contacts: wanted.map(({ uri }) => uri) } };
  }
  return { ok: true, value: { kind: 'register', contacts: wanted } };
}

/**
 * The headers of the 200 (RFC 3261 10.3 step 8).
 * @param contacts all bindings that hold now
 * @param now epoch ms
 */
export function bindingHeaders(
  contacts: Extract<RegisterAnswer, { result: 'bindings' }>['contacts'],
  now: number,
): Record<string, string> {
  const list = contacts.map(
    ({ uri, expiresSec, q }) => `<${uri}>;expires=${expiresSec}${q === undefined ? '' : `;q=${q}`}`,
  );
  return { Date: new Date(now).toUTCString(), ...(list.length > 0 && { Contact: list.join(', ') }) };
}
