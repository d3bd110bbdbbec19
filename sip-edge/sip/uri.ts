/** A SIP or SIPS URI (RFC 3261 19.1). */
export interface SipUri {
  scheme: 'sip' | 'sips';
  /** Unescaped; undefined where the URI names none. */
  user: string | undefined;
  /** In lower case; an IPv6 address with its brackets. */
  host: string;
  port: number | undefined;
  /** Names in lower case; '' for a parameter without a value. */
  params: ReadonlyMap<string, string>;
}

const maxUriLength = 512;
const schemePattern = /^(sips?):/i;
const userPattern = /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|%[0-9A-Fa-f]{2})+$/;
const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])$/;
const hostPortPattern = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/;
const paramPattern = /^([^=]+)(?:=(.*))?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const forbidden = /[\x00-\x20\x7f<>"]/;

/** @returns the text with its %XX undone, or undefined where they are not UTF-8 or hide control characters */
function unescapeUser(text: string): string | undefined {
  try {
    const user = decodeURIComponent(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
    return /[\x00-\x1f\x7f]/.test(user) ? undefined : user;
  } catch {
    return undefined;
  }
}

/**
 * Reads a SIP URI. Written here because drachtio-srf's own parser takes `a@b;x=y` for a host named `b;x=y`.
 * @param text without angle brackets, at most 512 characters
 * @returns the parts, or undefined where it is no SIP URI
 */
export function parseSipUri(text: string): SipUri | undefined {
  if (text.length > maxUriLength || forbidden.test(text)) return undefined;
  const scheme = schemePattern.exec(text)?.[1]?.toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  // The user part may hold `;` and `?`, so it is cut off first.
  const rest = text.slice(scheme.length + 1);
  const at = rest.lastIndexOf('@');
  const userInfo = at < 0 ? undefined : rest.slice(0, at);
  const [beforeHeaders = ''] = rest.slice(at + 1).split('?');
  const [hostPort = '', ...rawParams] = beforeHeaders.split(';');

  const [, host = '', portText] = hostPortPattern.exec(hostPort) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (!hostPattern.test(host) || (port !== undefined && (port < 1 || port > 65_535))) return undefined;

  let user: string | undefined;
  if (userInfo !== undefined) {
    const [rawUser = ''] = userInfo.split(':');
    if (!userPattern.test(rawUser)) return undefined;
    user = unescapeUser(rawUser);
    if (user === undefined) return undefined;
  }

  const params = new Map<string, string>();
  for (const param of rawParams) {
    const [, name, value = ''] = paramPattern.exec(param) ?? [];
    if (name === undefined) return undefined;
    params.set(name.toLowerCase(), value);
  }
  return { scheme, user, host: host.toLowerCase().replace(/\.$/, ''), port, params };
}
