import type { Contact, RegisterAnswer, RegistrationRefusal } from '../../contracts/commands.ts';
import { maxCallIdLength } from '../../contracts/common.ts';
import { parseGatewayName } from '../../contracts/gateway-name.ts';
import { type NameAddr, parseNameAddr, parseNameAddrs } from '../../sip/name-addr.ts';
import { parseSipUri, unescapeUser } from '../../sip/uri.ts';

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

export interface RegistrationPolicy {
  sipDomain: string;
  gatewayName: string;
  minExpiresSec: number;
  minExpiresMode: 'raise' | 'refuse';
  maxExpiresSec: number;
}

/** A final answer that refuses. `why` is for Reason, log and metric. */
export interface Refusal {
  status: number;
  phrase: string;
  why: string;
  headers?: Record<string, string>;
}

export type Bindings =
  | { kind: 'register'; contacts: Contact[] }
  | { kind: 'unregister'; contacts: string[] | '*' }
  | { kind: 'fetch' };

/** Whose registration it is: known before the password is asked for. */
export interface Registrant {
  username: string;
  registrationId: string;
  cseq: number;
}

type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

const maxContacts = 10;
const maxContactLength = 512;
const maxCseq = 4_294_967_295;
const cseqPattern = /^\s*(\d{1,10})\s+REGISTER\s*$/i;

const refuse = (status: number, phrase: string, why: string, headers?: Record<string, string>) =>
  ({ ok: false, refusal: { status, phrase, why, ...(headers && { headers }) } }) as const;

const badRequest = (why: string) => refuse(400, 'Bad Request', why);

/**
 * Steps 1, 2 and 5 of RFC 3261 10.3: is it for us, and whose is it?
 * @returns the registrant, or the refusal: 403 for another domain in the Request-URI (we relay nothing), 420 for
 * an extension, 404 for an address-of-record outside our domain, 403 for a name that is no gateway's
 */
export function readRegistrant(request: RegisterRequest, policy: RegistrationPolicy): Result<Registrant> {
  const { callId } = request;
  const cseq = Number(cseqPattern.exec(request.cseq ?? '')?.[1]);
  if (callId === undefined || callId === '' || callId.length > maxCallIdLength) {
    return badRequest('bad-call-id');
  }
  if (!Number.isInteger(cseq) || cseq > maxCseq) return badRequest('bad-cseq');

  const target = parseSipUri(request.uri);
  if (target === undefined) return badRequest('bad-request-uri');
  if (target.host !== policy.sipDomain) return refuse(403, 'Forbidden', 'foreign-domain');
  if (request.require !== undefined) {
    return refuse(420, 'Bad Extension', 'extension-required', { Unsupported: request.require });
  }

  const to = parseNameAddr(request.to ?? '');
  const aor = to && parseSipUri(to.uri);
  if (aor === undefined) return badRequest('bad-to');
  if (aor.host !== policy.sipDomain) return refuse(404, 'Not Found', 'address-of-record-elsewhere');
  const username = unescapeUser(aor.user ?? '');
  if (!parseGatewayName(username, policy.gatewayName)) return refuse(403, 'Forbidden', 'no-gateway-name');
  return { ok: true, value: { username, registrationId: callId, cseq } };
}

/** Malformed counts as an hour (RFC 3261 20.10), more than 32 bits as the most. */
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
  if (uri === undefined || address.uri.length > maxContactLength) return badRequest('bad-contact');
  const expires = address.params.get('expires');
  const expiresSec = grant(expires === undefined ? defaultSec : readExpires(expires), policy);
  if (expiresSec === undefined) {
    return refuse(423, 'Interval Too Brief', 'expires-too-brief', {
      'Min-Expires': `${policy.minExpiresSec}`,
    });
  }
  const q = address.params.get('q');
  if (q === undefined) return { ok: true, value: { uri: address.uri, expiresSec } };
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q)) return badRequest('bad-contact');
  return { ok: true, value: { uri: address.uri, expiresSec, q: Number(q) } };
}

/**
 * Steps 6 and 7: what the Contacts ask for.
 * @returns a fetch without Contact, a removal where all expire at once, else the contacts with what is granted;
 * or the refusal: 400 malformed, 423 too brief, 403 too many
 */
export function readBindings(request: RegisterRequest, policy: RegistrationPolicy): Result<Bindings> {
  if (request.contact === undefined || request.contact.trim() === '') {
    return { ok: true, value: { kind: 'fetch' } };
  }
  const defaultSec = request.expires === undefined ? 3600 : readExpires(request.expires);
  if (request.contact.trim() === '*') {
    // Only with an `Expires: 0` that says so itself (RFC 3261 10.2.2).
    if (request.expires?.trim() !== '0') return badRequest('wildcard-without-expires-0');
    return { ok: true, value: { kind: 'unregister', contacts: '*' } };
  }
  const addresses = parseNameAddrs(request.contact, 10 * maxContacts);
  if (addresses === undefined || addresses.some(({ uri }) => uri === '*')) return badRequest('bad-contact');

  const contacts = new Map<string, Contact>();
  for (const address of addresses) {
    const contact = readContact(address, defaultSec, policy);
    if (!contact.ok) return contact;
    contacts.set(contact.value.uri, contact.value);
  }
  if (contacts.size > maxContacts) return refuse(403, 'Forbidden', 'too-many-contacts');
  const wanted = [...contacts.values()];
  if (wanted.every(({ expiresSec }) => expiresSec === 0)) {
    return { ok: true, value: { kind: 'unregister', contacts: wanted.map(({ uri }) => uri) } };
  }
  return { ok: true, value: { kind: 'register', contacts: wanted } };
}

/**
 * The SIP answer to a refusal of the control plane. An old CSeq is 400, as Kamailio has it (RFC 3261 10.3 only
 * says that the request fails).
 */
export function refusalOf(reason: RegistrationRefusal): Refusal {
  switch (reason) {
    case 'call-over':
      return { status: 403, phrase: 'Forbidden', why: reason };
    case 'out-of-order':
      return { status: 400, phrase: 'Bad Request', why: reason };
    case 'too-many-contacts':
      return { status: 403, phrase: 'Forbidden', why: reason };
  }
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
