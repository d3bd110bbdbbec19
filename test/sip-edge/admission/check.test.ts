import { describe, expect, it } from 'vitest';
import { type CheckPolicy, checkRequest, type IncomingRequest } from '../../../sip-edge/admission/check.ts';
import { domain } from '../support/environment.ts';

describe('the check', () => {
  const policy: CheckPolicy = {
    sipDomain: domain,
    furtherDomains: ['other.test', '203.0.113.7', '2001:db8::7'],
    scannerAgents: ['sipcli'],
  };
  const request: IncomingRequest = {
    method: 'INVITE',
    uri: `sip:room@${domain}`,
    headers: {
      'call-id': 'call-1',
      from: '<sip:caller@elsewhere.test>;tag=1',
      to: `<sip:room@${domain}>`,
      'max-forwards': '70',
      contact: '<sip:caller@192.0.2.7>',
    },
    size: 1000,
  };

  const withHeaders = (headers: Record<string, string>) => ({ headers: { ...request.headers, ...headers } });

  it.each<[string, Partial<IncomingRequest>, object]>([
    ['passes a call', {}, { result: 'pass' }],
    ['passes a tel: caller', withHeaders({ from: '<tel:+33123>;tag=1' }), { result: 'pass' }],
    [
      'passes an anonymous caller',
      withHeaders({ from: '<sip:anonymous@anonymous.invalid>;tag=1' }),
      { result: 'pass' },
    ],
    ['passes zeros before a number', withHeaders({ 'max-forwards': '0070' }), { result: 'pass' }],
    [
      'names a user of ours',
      withHeaders({ from: `Boss <sip:boss@${domain.toUpperCase()};x=y>;tag=1` }),
      { username: 'boss' },
    ],
    ['passes a call to a further domain', { uri: 'sip:room@Other.test' }, { result: 'pass' }],
    ['passes a call to an own address', { uri: 'sip:0@203.0.113.7:5060' }, { result: 'pass' }],
    ['passes a call to an own IPv6 address', { uri: 'sip:0@[2001:db8::7]' }, { result: 'pass' }],
    ['passes none to another address', { uri: 'sip:0@203.0.113.8' }, { word: 'foreign-domain' }],
    [
      'names a user of a further domain',
      withHeaders({ from: '<sip:boss@other.test>;tag=1' }),
      { username: 'boss' },
    ],
    ['knows no users of an address', withHeaders({ from: '<sip:a@203.0.113.7>;tag=1' }), { result: 'pass' }],
    ['drops a scanner', withHeaders({ 'user-agent': 'SIPCLI/v1.8' }), { result: 'drop' }],
    ['knows methods', { method: 'PUBLISH' }, { word: 'method-not-allowed' }],
    ['knows no others', { method: 'FOO' }, { word: 'unknown-method' }],
    ['knows sip: and sips: only', { uri: 'tel:123' }, { word: 'unsupported-scheme' }],
    ['wants a Request-URI', { uri: 'sip:' }, { word: 'bad-request-uri' }],
    ['wants From', withHeaders({ from: '' }), { word: 'bad-from-or-to' }],
    ['wants a From that is one', withHeaders({ from: '<sip:>;tag=1' }), { word: 'bad-from' }],
    ['wants To', withHeaders({ to: 'x y' }), { word: 'bad-from-or-to' }],
    [
      'wants Max-Forwards to be a number',
      withHeaders({ 'max-forwards': '-1' }),
      { word: 'bad-max-forwards' },
    ],
    [
      'refuses what it cannot do',
      withHeaders({ require: 'timer, precondition, ice, x-foo' }),
      { word: 'extension-required', headers: { Unsupported: 'precondition, x-foo' } },
    ],
    [
      'refuses it also where a keep-alive requires it',
      { method: 'OPTIONS', ...withHeaders({ require: 'x-foo', 'proxy-require': 'x-bar' }) },
      { word: 'extension-required', headers: { Unsupported: 'x-foo, x-bar' } },
    ],
    ['passes what the two ends do', withHeaders({ require: 'Timer, ICE, norefersub' }), { result: 'pass' }],
    [
      'refuses a session timer that is too short',
      withHeaders({ 'session-expires': '60;refresher=uac', supported: 'timer' }),
      { word: 'session-too-short', headers: { 'Min-SE': '90' } },
    ],
    ['does so only to who knows timers', withHeaders({ 'session-expires': '60' }), { result: 'pass' }],
    [
      'knows no other scheme for OPTIONS',
      { method: 'OPTIONS', uri: 'isbn:1' },
      { word: 'unsupported-scheme' },
    ],
    ...['', '*', '<tel:+33123>', '<sip:>', 'x y'].map(
      (contact): [string, Partial<IncomingRequest>, object] => [
        `wants a Contact that can be called, and not "${contact}"`,
        withHeaders({ contact }),
        { word: 'bad-contact' },
      ],
    ),
    ...['*', '<*>', '<sip:a;lr>, <tel:1>', ''].map((route): [string, Partial<IncomingRequest>, object] => [
      `wants a Record-Route that can be followed, and not "${route}"`,
      withHeaders({ 'record-route': route }),
      { word: 'bad-record-route' },
    ]),
    [
      'follows proxies',
      withHeaders({ 'record-route': '<sip:[2001:db8::1];lr>, sip:my_proxy:5070;lr=on' }),
      { result: 'pass' },
    ],
    ['bounds a message', { size: 11_001 }, { word: 'too-large' }],
    [
      'is not misled by an escape',
      { uri: `sip:room%40${domain}@elsewhere.test` },
      { word: 'foreign-domain' },
    ],
  ])('%s', (_case, changes, expected) => {
    expect(checkRequest({ ...request, ...changes }, policy)).toMatchObject(expected);
  });
});
