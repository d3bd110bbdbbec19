import { hash, timingSafeEqual } from 'node:crypto';

export const digestAlgorithms = ['MD5', 'SHA-256'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

const hashNames = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

export interface ResponseInput {
  algorithm: DigestAlgorithm;
  username: string;
  realm: string;
  password: string;
  method: string;
  uri: string;
  nonce: string;
  nonceCount: string;
  clientNonce: string;
}

/** @returns the response of RFC 7616 3.4.1 with `qop=auth`, lower-case hex */
export function digestResponse(input: ResponseInput): string {
  const h = (text: string) => hash(hashNames[input.algorithm], text);
  const a1 = h(`${input.username}:${input.realm}:${input.password}`);
  const a2 = h(`${input.method}:${input.uri}`);
  return h(`${a1}:${input.nonce}:${input.nonceCount}:${input.clientNonce}:auth:${a2}`);
}

/** Compares in a time that does not tell where the two differ. */
export function isEqualResponse(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given.toLowerCase());
  return a.length === b.length && timingSafeEqual(a, b);
}
