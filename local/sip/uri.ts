import { formatHostPort, type Params, parseHostPort, parseParams } from './fields.ts';

export interface SipUri {
  scheme: 'sip' | 'sips';
  /** As written (escapes kept), without the password. */
  user?: string;
  password?: string;
  /** IPv6 without brackets. */
  host: string;
  port?: number;
  params: Params;
  /** What follows `?`, as written. */
  headers?: string;
}

/**
 * Reads a SIP or SIPS URI (RFC 3261 19.1).
 * @returns the parts, or undefined for another scheme or a malformed one
 */
export function parseSipUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  if (/[\s<>"]/.test(text)) return undefined;
  let rest = text.slice(colon + 1);
  const uri: SipUri = { scheme, host: '', params: new Map() };
  // The user part may hold ; and ? unescaped, a host may not hold @: so the user ends at the first @.
  const at = rest.indexOf('@');
  if (at >= 0) {
    const userInfo = rest.slice(0, at);
    rest = rest.slice(at + 1);
    const split = userInfo.indexOf(':');
    uri.user = split < 0 ? userInfo : userInfo.slice(0, split);
    if (split >= 0) uri.password = userInfo.slice(split + 1);
  }
  const question = rest.indexOf('?');
  if (question >= 0) {
    uri.headers = rest.slice(question + 1);
    rest = rest.slice(0, question);
  }
  const semicolon = rest.indexOf(';');
  const hostPort = parseHostPort(semicolon < 0 ? rest : rest.slice(0, semicolon));
  if (!hostPort) return undefined;
  uri.host = hostPort.host;
  if (hostPort.port !== undefined) uri.port = hostPort.port;
  if (semicolon >= 0) uri.params = parseParams(rest, semicolon);
  return uri;
}

/** @returns the URI as text, parameters in their order */
export function formatSipUri(uri: SipUri): string {
  let text = `${uri.scheme}:`;
  if (uri.user !== undefined) {
    text += uri.password === undefined ? `${uri.user}@` : `${uri.user}:${uri.password}@`;
  }
  text += formatHostPort(uri.host, uri.port);
  for (const [name, value] of uri.params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return uri.headers === undefined ? text : `${text}?${uri.headers}`;
}
