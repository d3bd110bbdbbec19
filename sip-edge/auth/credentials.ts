/** Digest credentials as sent (RFC 7616 3.4), names in lower case, quotes undone. */
export interface DigestCredentials {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  /** MD5 where the header names none (RFC 7616 3.4). */
  algorithm: string;
  qop: string | undefined;
  nonceCount: string | undefined;
  clientNonce: string | undefined;
}

const maxHeaderLength = 4096;
const maxCredentials = 4;
const maxParams = 20;

const scheme = /\s*([A-Za-z][A-Za-z0-9-]*)\s+(?=[A-Za-z*])/y;
const param = /\s*([A-Za-z][A-Za-z0-9*-]*)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s",=]+))\s*/y;
const comma = /\s*,[\s,]*/y;

type Params = Map<string, string>;

/** Splits `Digest a="b", c=d, Digest …` into its sets; undefined where it is malformed. */
function splitCredentials(header: string): { scheme: string; params: Params }[] | undefined {
  if (header.length > maxHeaderLength) return undefined;
  const found: { scheme: string; params: Params }[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  let current: { scheme: string; params: Params } | undefined;
  while (at < header.length) {
    const opened = take(scheme);
    if (opened) {
      if (found.length === maxCredentials) return undefined;
      current = { scheme: (opened[1] ?? '').toLowerCase(), params: new Map() };
      found.push(current);
    }
    const given = take(param);
    if (!given || !current || current.params.size === maxParams) return undefined;
    const [, name = '', quoted, token = ''] = given;
    const key = name.toLowerCase();
    // A parameter given twice has no one meaning: a checker downstream might take the other.
    if (current.params.has(key)) return undefined;
    current.params.set(key, quoted === undefined ? token : quoted.replace(/\\([\s\S])/g, '$1'));
    if (at < header.length && !take(comma)) return undefined;
  }
  return found;
}

/**
 * Finds the digest credentials for our realm in an Authorization header (several may be joined by commas).
 * @param header the header's value
 * @param realm ours
 * @returns the credentials; `none` where there are none for this realm; `malformed`
 */
export function parseCredentials(header: string, realm: string): DigestCredentials | 'none' | 'malformed' {
  // Other schemes have other grammars (Basic, Bearer): without a digest there is nothing of ours in it.
  if (!/(?:^|,)\s*digest\s/i.test(header.slice(0, maxHeaderLength))) return 'none';
  const sets = splitCredentials(header);
  if (sets === undefined) return 'malformed';
  const ours = sets.find((set) => set.scheme === 'digest' && set.params.get('realm') === realm)?.params;
  if (ours === undefined) return 'none';
  const username = ours.get('username');
  const nonce = ours.get('nonce');
  const uri = ours.get('uri');
  const response = ours.get('response');
  if (username === undefined || nonce === undefined || uri === undefined || response === undefined) {
    return 'malformed';
  }
  return {
    username,
    realm,
    nonce,
    uri,
    response,
    algorithm: ours.get('algorithm') ?? 'MD5',
    qop: ours.get('qop'),
    nonceCount: ours.get('nc'),
    clientNonce: ours.get('cnonce'),
  };
}
