import { maxAuthLength, parseAuthSets } from './auth-params.ts';

/** Digest credentials as sent (RFC 7616 3.4), quotes undone. */
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

/**
 * Finds the digest credentials for our realm in an Authorization header (several may be joined by commas).
 * @param header the header's value
 * @param realm ours
 * @returns the credentials; `none` where there are none for this realm; `malformed`
 */
export function parseCredentials(header: string, realm: string): DigestCredentials | 'none' | 'malformed' {
  // Other schemes have other grammars (Basic, Bearer): without a digest there is nothing of ours in it.
  if (!/(?:^|,)\s*digest\s/i.test(header.slice(0, maxAuthLength))) return 'none';
  const sets = parseAuthSets(header);
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
