import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { DigestAlgorithm } from '../../sip/digest/auth-params.ts';

/*
 * A nonce is `issuedAt (6 bytes, ms) | random (8 bytes) | HMAC-SHA256 over both, the algorithm and whom it
 * is for, cut to 16 bytes`, in hex: there are clients that look for `SHA` or `stale` anywhere in a challenge, and by
 * chance find them in other letters. Any edge can check any edge's nonce, because the key comes from the secret that all
 * share; and nothing is kept of a nonce until it has been used with the right password.
 */

const timeLength = 6;
const randomLength = 8;
const macLength = 16;
const noncePattern = /^[0-9a-f]{60}$/;

export const nonceRandomLength = randomLength;

/** @param secret the shared SIP secret. @returns the key for nonces, useless for anything else */
export function nonceKey(secret: string): KeyObject {
  // As a KeyObject it costs a fourth of what bytes cost, which Node makes a key of each time.
  return createSecretKey(createHmac('sha256', secret).update('switchroom nonce 1').digest());
}

function mac(key: KeyObject, head: Buffer, algorithm: DigestAlgorithm, audience: string): Buffer {
  const full = createHmac('sha256', key)
    .update(head)
    .update(algorithm)
    .update('\0')
    .update(audience)
    .digest();
  return full.subarray(0, macLength);
}

/**
 * @param issuedAt epoch ms
 * @param random 8 bytes
 * @param algorithm the one of the challenge that carries the nonce: an answer by another is refused
 * @param audience realm and address: an answer from elsewhere is refused
 */
export function makeNonce(
  key: KeyObject,
  issuedAt: number,
  random: Buffer,
  algorithm: DigestAlgorithm,
  audience: string,
): string {
  const head = Buffer.alloc(timeLength + randomLength);
  head.writeUIntBE(issuedAt, 0, timeLength);
  random.copy(head, timeLength, 0, randomLength);
  return Buffer.concat([head, mac(key, head, algorithm, audience)]).toString('hex');
}

/** @returns when the nonce was issued (epoch ms), or undefined where none of the keys made it */
export function readNonce(
  keys: readonly KeyObject[],
  nonce: string,
  algorithm: DigestAlgorithm,
  audience: string,
): number | undefined {
  if (!noncePattern.test(nonce)) return undefined;
  const bytes = Buffer.from(nonce, 'hex');
  const head = bytes.subarray(0, timeLength + randomLength);
  const given = bytes.subarray(timeLength + randomLength);
  const ours = keys.some((key) => timingSafeEqual(mac(key, head, algorithm, audience), given));
  return ours ? head.readUIntBE(0, timeLength) : undefined;
}
