import { describe, expect, it } from 'vitest';
import { bestChallenge, DigestClient, digestAnswer } from '../../sip/digest/client.ts';
import { SipHeaders } from '../../sip/message/headers.ts';

/* RFC 7616 3.9.1, whose realm and URI are of HTTP; the arithmetic is the same. */
const rfc = {
  username: 'Mufasa',
  password: 'Circle of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nonceCount: 1,
  clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
} as const;
const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const opaque = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const line = (algorithm: string, more = '') =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="${opaque}"${more}`;

describe('a digest answer', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is that of RFC 7616 for %s', (algorithm, response) => {
    const challenge = bestChallenge([line(algorithm)]);
    if (!challenge) throw new Error('not understood');
    const answer = digestAnswer({ ...rfc, challenge });
    expect(answer).toContain(`response="${response}"`);
    expect(answer).toContain(`opaque="${opaque}"`);
    expect(answer).toContain('nc=00000001');
  });

  it('follows RFC 2069 where the challenge has no qop', () => {
    const challenge = bestChallenge(['Digest realm="r", nonce="n"']);
    if (!challenge) throw new Error('not understood');
    expect(digestAnswer({ ...rfc, challenge })).not.toContain('qop');
  });
});

describe('of several challenges', () => {
  it('SHA-256 is taken before MD5, whichever comes first', () => {
    expect(bestChallenge([line('MD5'), line('SHA-256')])?.algorithm).toBe('SHA-256');
    expect(bestChallenge([line('SHA-256'), line('MD5')])?.algorithm).toBe('SHA-256');
  });

  it('what is not understood is left', () => {
    expect(bestChallenge(['Basic realm="r"', line('SHA-512-256')])).toBeUndefined();
    expect(bestChallenge([line('SHA-512-256'), line('MD5')])?.algorithm).toBe('MD5');
    expect(bestChallenge(['Digest realm="r", nonce="n", qop="auth-int"'])).toBeUndefined();
  });
});

describe('a digest client', () => {
  const headers = (value: string) => new SipHeaders().append('WWW-Authenticate', value);

  it('counts the uses of a nonce, and begins anew with the next', () => {
    const client = new DigestClient(rfc);
    expect(client.header('REGISTER', 'sip:x')).toEqual([]);
    expect(client.challenged(401, headers(line('MD5')), 1)).toBe(true);
    expect(client.header('REGISTER', 'sip:x')[0]?.[1]).toContain('nc=00000001');
    expect(client.header('REGISTER', 'sip:x')[0]?.[1]).toContain('nc=00000002');
    expect(client.challenged(401, headers(line('MD5', ', stale=true')), 1)).toBe(true);
    expect(client.header('REGISTER', 'sip:x')[0]?.[1]).toContain('nc=00000001');
  });

  it('gives up where the password is wrong: a second challenge that is not stale', () => {
    const client = new DigestClient(rfc);
    expect(client.challenged(401, headers(line('MD5')), 1)).toBe(true);
    expect(client.challenged(401, headers(line('MD5')), 2)).toBe(false);
  });
});
