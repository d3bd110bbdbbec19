import { describe, expect, it } from 'vitest';
import { type CheckPolicy, checkRequest, type IncomingRequest } from '../../../sip-edge/admission/check.ts';
import { domain } from '../support/environment.ts';

describe('the check', () => {
  const policy: CheckPolicy = { sipDomain: domain, scannerAgents: ['sipcli'] };
  const request: IncomingRequest = {
    method: 'INVITE',
    uri: `sip:room@${domain}`,
    callId: 'call-1',
    from: '<sip:caller@elsewhere.test>;tag=1',
    to: `<sip:room@${domain}>`,
    maxForwards: '70',
    userAgent: undefined,
    size: 1000,
    headerSize: 800,
  };

  it.each<[string, Partial<IncomingRequest>, object]>([
    ['passes a call', {}, { result: 'pass' }],
    ['passes a tel: caller', { from: '<tel:+33123>;tag=1' }, { result: 'pass' }],
    ['passes an anonymous caller', { from: '<sip:anonymous@anonymous.invalid>;tag=1' }, { result: 'pass' }],
    ['passes without Max-Forwards', { maxForwards: undefined }, { result: 'pass' }],
    [
      'names a user of ours',
      { from: `Boss <sip:boss@${domain.toUpperCase()};x=y>;tag=1` },
      { username: 'boss' },
    ],
    ['drops a scanner', { userAgent: 'SIPCLI/v1.8' }, { result: 'drop' }],
    ['knows methods', { method: 'PUBLISH' }, { word: 'method-not-allowed' }],
    ['knows no others', { method: 'FOO' }, { word: 'unknown-method' }],
    ['knows sip: and sips: only', { uri: 'tel:123' }, { word: 'unsupported-scheme' }],
    ['wants a Request-URI', { uri: 'sip:' }, { word: 'bad-request-uri' }],
    ['wants From', { from: undefined }, { word: 'bad-from-or-to' }],
    ['wants a From that is one', { from: '<sip:>;tag=1' }, { word: 'bad-from' }],
    ['wants To', { to: 'x y' }, { word: 'bad-from-or-to' }],
    ['wants Max-Forwards to be a number', { maxForwards: '-1' }, { word: 'bad-max-forwards' }],
    ['bounds a message', { size: 70_000 }, { word: 'too-large' }],
    ['bounds its headers', { headerSize: 17_000 }, { word: 'too-large' }],
    [
      'is not misled by an escape',
      { uri: `sip:room%40${domain}@elsewhere.test` },
      { word: 'foreign-domain' },
    ],
  ])('%s', (_case, changes, expected) => {
    expect(checkRequest({ ...request, ...changes }, policy)).toMatchObject(expected);
  });
});
