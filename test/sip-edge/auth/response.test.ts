import { describe, expect, it } from 'vitest';
import { digestResponse } from '../../../sip/digest/response.ts';

describe('the response', () => {
  const vector = { username: 'Mufasa', method: 'GET', uri: '/dir/index.html' };
  const rfc7616 = {
    ...vector,
    realm: 'http-auth@example.org',
    password: 'Circle of Life',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    auth: { nonceCount: '00000001', clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
  };

  it('is that of RFC 7616 3.9.1 for SHA-256 and MD5', () => {
    expect(digestResponse({ ...rfc7616, algorithm: 'SHA-256' })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    );
    expect(digestResponse({ ...rfc7616, algorithm: 'MD5' })).toBe('8ca523f5e9506fed4657c9700eebdbec');
  });

  it('is that of RFC 2617 3.5', () => {
    const rfc2617 = {
      ...vector,
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      auth: { nonceCount: '00000001', clientNonce: '0a4f113b' },
    };
    expect(digestResponse({ ...rfc2617, algorithm: 'MD5' })).toBe('6629fae49393a05397450978507c4ef1');
  });
});
