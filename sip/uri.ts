import { parseHostPort } from './host-port.ts';
import { type Params, parseParams } from './parameters.ts';

/** A SIP or SIPS URI (RFC 3261 19.1). */
export interface SipUri {
  scheme: 'sip' | 'sips';
  /** As written, with its escapes and parameters: `unescapeUser` reads it. */
  user?: string;
  password?: string;
  /** In lower case, without a dot at its end; IPv6 without brackets. */
  host: string;
  port?: number;
  params: Params;
  /** What follows `?`, as written. */
  headers?: string;
}

const maxUriLength = 4096;
const schemePattern = /^(sips?):/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const forbidden = /[\x00-\x20\x7f<>"]/;
/*
 * More than the grammar of RFC 3261 25.1 allows (`|`, `{`, a bare `%` …), since endpoints send it and its sense is
 * clear. Not `@`: where the user ends must never be a matter of opinion.
 */
const userPattern = /^[^@:]*$/;

/**
 * Reads a SIP URI.
 * @param text without angle brackets, at most 4096 characters
 * @returns the parts, or undefined for another scheme or where it is malformed
 */
export function parseSipUri(text: string): SipUri | undefined {
  if (text.length > maxUriLength || forbidden.test(text)) return undefined;
  const scheme = schemePattern.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  // The user part may hold `;` and `?`, a host none of them nor `@`: so the user is cut off first, at the last `@`.
  const rest = text.slice(scheme.length + 1);
  const at = rest.lastIndexOf('@');
  const userInfo = at < 0 ? undefined : readUserInfo(rest.slice(0, at));
  if (at >= 0 && userInfo === undefined) return undefined;

  const [beforeHeaders = '', ...headers] = rest.slice(at + 1).split('?');
  const semicolon = beforeHeaders.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
  if (hostPort === undefined) return undefined;
  const params: Params = semicolon < 0 ? new Map() : parseParams(beforeHeaders, semicolon);
  if (params.has('')) return undefined;
  return {
    scheme,
    ...userInfo,
    ...hostPort,
    host: hostPort.host.toLowerCase().replace(/\.$/, ''),
    params,
    ...(headers.length > 0 && { headers: headers.join('?') }),
  };
}

function readUserInfo(text: string): Pick<SipUri, 'user' | 'password'> | undefined {
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  const password = colon < 0 ? undefined : text.slice(colon + 1);
  if (!userPattern.test(user) || password?.includes('@')) return undefined;
  // An empty user is no user, though the grammar has no such URI: who dials it gets to hear that a room is missing.
  return { ...(user !== '' && { user }), ...(password !== undefined && { password }) };
}

/** @returns the user with its %XX undone; as it is where they are no escapes, or no UTF-8 */
export function unescapeUser(user: string): string {
  if (!user.includes('%')) return user;
  try {
    return decodeURIComponent(user);
  } catch (error) {
    if (error instanceof URIError) return user;
    throw error;
  }
}
