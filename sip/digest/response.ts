import { hash } from 'node:crypto';
import type { DigestAlgorithm } from './auth-params.ts';

const hashNames = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

export interface ResponseInput {
  algorithm: DigestAlgorithm;
  username: string;
  realm: string;
  password: string;
  method: string;
  uri: string;
  nonce: string;
  /** What `qop=auth` adds: the count as sent, eight hex digits, and the client's nonce. None: the form of RFC 2069. */
  auth?: { nonceCount: string; clientNonce: string };
}

/** @returns the response of RFC 7616 3.4.1, lower-case hex */
export function digestResponse(input: ResponseInput): string {
  const { nonce, auth } = input;
  const h = (text: string) => hash(hashNames[input.algorithm], text);
  const a1 = h(`${input.username}:${input.realm}:${input.password}`);
  const a2 = h(`${input.method}:${input.uri}`);
  return h(
    auth ? `${a1}:${nonce}:${auth.nonceCount}:${auth.clientNonce}:auth:${a2}` : `${a1}:${nonce}:${a2}`,
  );
}
