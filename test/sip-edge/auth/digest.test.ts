import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCredentials } from '../../../sip/digest/credentials.ts';
import type { Secrets } from '../../../sip-edge/auth/digest.ts';
import { challengeParams } from '../../support/sip-peer/registrant.ts';

import { accepted, answerTo, password, realm, right, secrets, setUp, stale } from './support.ts';

describe('a challenge', () => {
  it('offers the algorithms in the given order, each with a nonce of its own', () => {
    const { digest } = setUp();
    const offered = digest.challenges(secrets, false, ['MD5', 'SHA-256'], '192.0.2.7').map(challengeParams);
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

  it('from another address than the one that was challenged get a new nonce, right or wrong', () => {
    const { challenge, check } = setUp();
    const from = '192.0.2.8';
    expect(check(answerTo(challenge(), right), { from })).toEqual(stale);
    expect(check(answerTo(challenge(), { ...right, password: 'guess' }), { from })).toEqual(stale);
  });

  it('with a nonce that is not ours count towards no ban, and tell nothing of the password', () => {
    const { challenge, check } = setUp();
    const invented = { ...challenge(), nonce: 'invented' };
    for (const guess of ['guess', password]) {
      expect(check(answerTo(invented, { ...right, password: guess }))).toEqual(stale);
    }
    expect(check(answerTo(invented, { ...right, username: 'other.mediagw.1' }))).toEqual(stale);
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
    // After it, the nonce is nobody's any more.
    expect(check(answerTo(before, { ...right, nonceCount: 2 }), { of: ['new'] })).toEqual(stale);
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
