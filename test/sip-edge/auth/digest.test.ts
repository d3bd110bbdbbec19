import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DigestAlgorithm } from '../../../sip/digest/auth-params.ts';
import { bestChallenge, type Challenge, digestAnswer } from '../../../sip/digest/client.ts';
import { parseCredentials } from '../../../sip/digest/credentials.ts';
import { digestResponse } from '../../../sip/digest/response.ts';
import { Digest, type DigestVerdict, type Secrets } from '../../../sip-edge/auth/digest.ts';
import { makeNonce, nonceKey, readNonce } from '../../../sip-edge/auth/nonce.ts';
import { NonceCounts } from '../../../sip-edge/auth/replay.ts';
import { challengeParams } from '../../support/sip-peer/registrant.ts';

const realm = 'example.test';
const uri = `sip:${realm}`;
const username = '10.0.0.7.mediagw.1';
const password = 'secret';
const secrets: Secrets = [password];
const startedAt = 1_800_000_000_000;

function setUp(options: { at?: number; capacity?: number } = {}) {
  const clock = { time: options.at ?? startedAt, now: () => clock.time };
  const capacity = options.capacity ?? 1000;
  const digest = new Digest({ realm, nonceLifetimeSec: 300, clock, capacity });
  clock.time += 1;
  const challenge = (algorithm: DigestAlgorithm = 'SHA-256', of: Secrets = secrets) =>
    bestChallenge(digest.challenges(of, false, [algorithm])) as Challenge;
  const check = (authorization: string | undefined, given: Partial<{ of: Secrets; user: string }> = {}) =>
    digest.check(
      { method: 'REGISTER', authorization, username: given.user ?? username },
      given.of ?? secrets,
    );
  return { clock, digest, challenge, check };
}

const right = { username, password, method: 'REGISTER', uri };
const answerTo = (challenge: Challenge, given: typeof right & { nonceCount?: number }) =>
  digestAnswer({ challenge, nonceCount: 1, ...given });
const accepted = expect.objectContaining({ result: 'accepted' });
const stale: DigestVerdict = { result: 'challenge', stale: true, why: 'stale-nonce' };

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

describe('a challenge', () => {
  it('offers the algorithms in the given order, each with a nonce of its own', () => {
    const { digest } = setUp();
    const offered = digest.challenges(secrets, false, ['MD5', 'SHA-256']).map(challengeParams);
    expect(offered.map(({ algorithm }) => algorithm)).toEqual(['MD5', 'SHA-256']);
    expect(offered[0]?.nonce).not.toBe(offered[1]?.nonce);
    expect(offered.every((one) => one.realm === realm && one.qop === 'auth')).toBe(true);
  });

  it('can be answered at another edge, which shares only the secret', () => {
    const here = setUp();
    const there = setUp();
    expect(there.check(answerTo(here.challenge(), right))).toEqual(accepted);
  });
});

describe('credentials', () => {
  it.each(['SHA-256', 'MD5'] as const)('with the right password are accepted: %s', (algorithm) => {
    const { challenge, check } = setUp();
    expect(check(answerTo(challenge(algorithm), right))).toEqual({ result: 'accepted', algorithm });
  });

  it('of another password, user or request are refused', () => {
    const { challenge, check } = setUp();
    const given = challenge();
    expect(check(answerTo(given, { ...right, password: 'guess' }))).toMatchObject({ why: 'wrong-password' });
    expect(check(answerTo(given, { ...right, method: 'INVITE' }))).toMatchObject({ why: 'wrong-password' });
    expect(check(answerTo(given, { ...right, username: 'other.mediagw.1' }))).toMatchObject({
      why: 'wrong-username',
    });
  });

  it('may name another uri than the request: SIPp and others write the address of the server', () => {
    const { challenge, check } = setUp();
    expect(check(answerTo(challenge(), { ...right, uri: 'sip:192.0.2.1:5060' }))).toEqual(accepted);
    const tampered = { ...right, uri: 'sip:192.0.2.1:5060' };
    const answer = answerTo(challenge(), tampered).replace('192.0.2.1', '192.0.2.2');
    expect(check(answer)).toMatchObject({ why: 'wrong-password' });
  });

  it('that answer a SHA-256 challenge by MD5 do not pass', () => {
    const { challenge, check } = setUp();
    const downgraded = { ...challenge('SHA-256'), algorithm: 'MD5' as const };
    expect(check(answerTo(downgraded, right))).toEqual(stale);
  });

  it('with a nonce that no edge made get a new one', () => {
    const { challenge, check } = setUp();
    expect(check(answerTo({ ...challenge(), nonce: 'invented' }, right))).toEqual(stale);
    const nonce = challenge().nonce;
    const tampered = `${nonce.startsWith('A') ? 'B' : 'A'}${nonce.slice(1)}`;
    expect(check(answerTo({ ...challenge(), nonce: tampered }, right))).toEqual(stale);
  });

  it('go stale with their nonce', () => {
    const { clock, challenge, check } = setUp();
    const given = challenge();
    clock.time += 300_000;
    expect(check(answerTo(given, right))).toEqual(accepted);
    clock.time += 1;
    expect(check(answerTo(given, { ...right, nonceCount: 2 }))).toEqual(stale);
  });

  it('of another realm, scheme or none at all lead to a challenge', () => {
    const { challenge, check } = setUp();
    const asked = { result: 'challenge', stale: false, why: 'no-credentials' };
    expect(check(undefined)).toEqual(asked);
    expect(check(answerTo({ ...challenge(), realm: 'elsewhere.test' }, right))).toEqual(asked);
    expect(check('Basic dXNlcjpwYXNz=')).toEqual(asked);
  });

  it('are found behind those for another realm', () => {
    const { challenge, check } = setUp();
    const other = answerTo({ ...challenge(), realm: 'elsewhere.test' }, right);
    expect(check(`${other},${answerTo(challenge(), right)}`)).toEqual(accepted);
  });

  it('without qop are asked for again: their replay could not be told', () => {
    const { challenge, check } = setUp();
    const legacy = answerTo(challenge(), right).replace(/, (qop|nc|cnonce)=[^,]*/g, '');
    expect(check(legacy)).toEqual({ result: 'challenge', stale: false, why: 'no-qop' });
  });

  it('may use the password of before during a rotation, and its nonces', () => {
    const { challenge, check } = setUp();
    const before = challenge();
    const during: Secrets = ['new', password];
    expect(check(answerTo(before, right), { of: during })).toEqual(accepted);
    expect(check(answerTo(challenge('MD5', during), { ...right, password: 'new' }), { of: during })).toEqual(
      accepted,
    );
    expect(check(answerTo(before, { ...right, nonceCount: 2 }), { of: ['new'] })).toMatchObject({
      why: 'wrong-password',
    });
  });

  it('never crash the parser, whatever is sent', () => {
    const pieces = fc.constantFrom(
      'Digest ',
      'realm="example.test"',
      'nonce="',
      ',',
      '=',
      '"',
      '\\',
      ' ',
      'nc=1',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (header) => {
          const parsed = parseCredentials(header, realm);
          expect(typeof parsed === 'string' || parsed.realm === realm).toBe(true);
        },
      ),
    );
  });

  it.each([
    [
      'a parameter twice',
      'Digest realm="example.test", nonce="a", nonce="b", uri="u", response="r", username="u"',
    ],
    ['an open quote', 'Digest realm="example.test'],
    ['no username', 'Digest realm="example.test", nonce="a", uri="u", response="r"'],
    ['too long', `Digest realm="example.test", nonce="${'a'.repeat(5000)}"`],
  ])('are malformed: %s', (_case, header) => {
    expect(parseCredentials(header, realm)).toBe('malformed');
  });

  it('may quote anything', () => {
    const header = 'Digest username="a\\"b,c=d", realm="example.test",nonce = "n",uri="u" , response="r"';
    expect(parseCredentials(header, realm)).toMatchObject({ username: 'a"b,c=d', algorithm: 'MD5' });
  });
});

describe('a replay', () => {
  it('of a nonce count is refused with a fresh nonce', () => {
    const { challenge, check } = setUp();
    const answer = answerTo(challenge(), right);
    expect(check(answer)).toEqual(accepted);
    expect(check(answer)).toEqual({ result: 'challenge', stale: true, why: 'replayed' });
  });

  it('is told apart from requests that UDP swapped', () => {
    const { challenge, check } = setUp();
    const given = challenge();
    const send = (nonceCount: number) => check(answerTo(given, { ...right, nonceCount })).result;
    expect([3, 1, 2, 3, 2, 40, 39, 9, 8].map(send)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'challenge',
      'challenge',
      'accepted',
      'accepted',
      'accepted',
      'challenge',
    ]);
  });

  it('is not possible with a nonce issued before this application started', () => {
    const before = setUp({ at: startedAt - 10_000 });
    const after = setUp();
    expect(after.check(answerTo(before.challenge(), right))).toEqual(stale);
  });

  it('is not possible with a nonce that had to be forgotten', () => {
    const { clock, challenge, check } = setUp({ capacity: 2 });
    const answers = [1, 2, 3].map(() => {
      clock.time += 1;
      return answerTo(challenge(), right);
    });
    expect(answers.map((answer) => check(answer).result)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(check(answers[0])).toEqual(stale);
  });

  it('is never accepted, whatever the order of the counts', () => {
    const counts = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
    );
    fc.assert(
      fc.property(counts, (sent) => {
        const used = new NonceCounts(10, 0);
        const taken = sent.filter((count) => used.use('nonce', 1, count));
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });

  it('is not what an in-order client is taken for', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(steps, (gaps) => {
        const used = new NonceCounts(10, 0);
        const counts = gaps.map((_gap, index) => gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0));
        expect(counts.every((count) => used.use('nonce', 1, count))).toBe(true);
      }),
    );
  });
});

describe('a nonce', () => {
  it('tells when it was made, to those who share the key, and to nobody else', () => {
    const time = fc.integer({ min: 0, max: 2 ** 47 });
    const random = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(time, random, (at, bytes) => {
        const key = nonceKey('a');
        const nonce = makeNonce(key, at, bytes, 'MD5', realm);
        expect(readNonce([nonceKey('b'), key], nonce, 'MD5', realm)).toBe(at);
        expect(readNonce([nonceKey('b')], nonce, 'MD5', realm)).toBeUndefined();
        expect(readNonce([key], nonce, 'SHA-256', realm)).toBeUndefined();
        expect(readNonce([key], nonce, 'MD5', 'elsewhere.test')).toBeUndefined();
      }),
    );
  });
});
