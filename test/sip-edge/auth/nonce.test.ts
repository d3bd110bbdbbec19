import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeNonce, nonceKey, readNonce } from '../../../sip-edge/auth/nonce.ts';
import { realm } from './support.ts';

describe('a nonce', () => {
  it('tells when it was made, to those who share the key, and to nobody else', () => {
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    const random = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(time, random, (at, bytes) => {
        const key = nonceKey('a');
        const nonce = makeNonce(key, at, bytes, 'MD5', realm);
        // No word that a client may look for in a challenge stands in it by chance.
        expect(nonce).not.toMatch(/[g-z]/i);
        expect(readNonce([nonceKey('b'), key], nonce, 'MD5', realm)).toBe(at);
        expect(readNonce([nonceKey('b')], nonce, 'MD5', realm)).toBeUndefined();
        expect(readNonce([key], nonce, 'SHA-256', realm)).toBeUndefined();
        expect(readNonce([key], nonce, 'MD5', 'elsewhere.test')).toBeUndefined();
      }),
    );
  });
});
