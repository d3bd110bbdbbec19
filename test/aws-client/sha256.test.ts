import { expect, it } from 'vitest';
import { Sha256 } from '../../aws-client/sha256.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const arrayBufferOf = (text: string) => new TextEncoder().encode(text).buffer;

async function digestOf(secret: ConstructorParameters<typeof Sha256>[0], ...data: (string | ArrayBuffer)[]) {
  const hash = new Sha256(secret);
  for (const one of data) hash.update(one);
  return hex(await hash.digest());
}

it('a plain hash is that of FIPS 180-4, of text and of bytes', async () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await digestOf(undefined, 'abc')).toBe(abc);
  expect(await digestOf(undefined, arrayBufferOf('a'), 'bc')).toBe(abc);
  expect(await digestOf(undefined)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

it('with a key it is the HMAC of RFC 4231, whatever the key comes as', async () => {
  const jefe = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
  const view = Buffer.from('xxJefexx').subarray(2, 6);
  for (const key of ['Jefe', arrayBufferOf('Jefe'), view]) {
    expect(await digestOf(key, 'what do ya want ', 'for nothing?')).toBe(jefe);
  }
});
