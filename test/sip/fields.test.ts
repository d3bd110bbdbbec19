import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCSeq } from '../../sip/cseq.ts';
import { parseNameAddr, parseNameAddrs, tagOf } from '../../sip/name-addr.ts';
import { parseParams, quote } from '../../sip/parameters.ts';
import { parseSipUri, unescapeUser } from '../../sip/uri.ts';
import { parseVia } from '../../sip/via.ts';

describe('a field', () => {
  it.each([
    ['sip:ann@example.test', { user: 'ann', host: 'example.test' }],
    ['sip:r;x=y@example.test:5070;transport=tcp', { user: 'r;x=y', host: 'example.test', port: 5070 }],
    ['sips:[2001:db8::1]', { scheme: 'sips', host: '2001:db8::1' }],
    ['sip:10.0.0.1?subject=x', { host: '10.0.0.1', headers: 'subject=x' }],
    ['sip:ann:pw@h', { user: 'ann', password: 'pw', host: 'h' }],
  ])('%s is read as a URI', (text, parts) => {
    expect(parseSipUri(text)).toMatchObject(parts);
  });

  it.each(['', 'ann', 'tel:+33', 'sip:', 'sip:a b@h', 'sip:h:0', 'sip:h:70000', 'sip:[::1', 'sip:a@h>'])(
    '%j is no SIP URI',
    (text) => expect(parseSipUri(text)).toBeUndefined(),
  );

  it('reads names and addresses with quotes, and without brackets', () => {
    expect(parseNameAddr('"a \\" <b>" <sip:x@h;p=1>;tag=t;q="z"')).toMatchObject({
      displayName: 'a " <b>',
      uri: 'sip:x@h;p=1',
      params: new Map([
        ['tag', 't'],
        ['q', 'z'],
      ]),
    });
    expect(parseNameAddr('sip:x@h;tag=t')).toMatchObject({ uri: 'sip:x@h', params: new Map([['tag', 't']]) });
    for (const bad of ['', '<>', '"x <sip:a@h', '<sip:a@h> junk']) expect(parseNameAddr(bad)).toBeUndefined();
    expect(tagOf('<sip:x@h>')).toBeUndefined();
    expect(tagOf('sip:x@h ; TAG = t ;y')).toBe('t');
  });

  it('refuses what is no Via and no CSeq', () => {
    for (const bad of ['', 'SIP/2.0/UDP', 'SIP/2/UDP h', 'SIP/2.0/UDP h:x', 'UDP h']) {
      expect(parseVia(bad)).toBeUndefined();
    }
    for (const bad of ['', '1', 'x INVITE', '1INVITE', '99999999999 INVITE'])
      expect(parseCSeq(bad)).toBeUndefined();
  });
});

describe('a SIP URI', () => {
  it('may have a user that the grammar forbids and networks send: its sense is clear', () => {
    expect(parseSipUri('sip:a|{b}[c]^100%@under_score.example')).toMatchObject({
      user: 'a|{b}[c]^100%',
      host: 'under_score.example',
    });
    expect(parseSipUri('sip:@h')).toEqual({ scheme: 'sip', host: 'h', params: new Map() });
    expect([unescapeUser('caf%C3%A9'), unescapeUser('100%'), unescapeUser('%ff')]).toEqual([
      'café',
      '100%',
      '%ff',
    ]);
  });

  it('is taken apart at the right places', () => {
    expect(parseSipUri('sip:room;x=y@Example.test:5080;transport=tcp;lr?a=b')).toEqual({
      scheme: 'sip',
      user: 'room;x=y',
      host: 'example.test',
      port: 5080,
      headers: 'a=b',
      params: new Map([
        ['transport', 'tcp'],
        ['lr', ''],
      ]),
    });
    expect(parseSipUri('sips:[2001:DB8::1]')).toEqual({
      scheme: 'sips',
      host: '2001:db8::1',
      params: new Map(),
    });
    expect(parseSipUri('sip:user:password@host')).toMatchObject({ user: 'user' });
  });

  it.each([
    '',
    'sip:',
    'http://x',
    'sip:a b@c',
    'sip:a@b:0',
    'sip:a@b:99999',
    'sip:a@b@c',
    'sip:a@b"',
    'sip:a@-',
  ])('is none: %j', (text) => {
    expect(parseSipUri(text)).toBeUndefined();
  });

  it('or address never crashes the parser', () => {
    const pieces = fc.constantFrom('<', '>', '"', '\\', ';', ',', 'sip:', 'a@b', '=', ' ', '%', '[', ':');
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (header) => {
        parseSipUri(header);
        const parsed = parseNameAddrs(header, 10) ?? [];
        for (const { uri } of parsed) expect(uri).not.toMatch(/[<>"]/);
      }),
    );
  });
});

describe('a quoted string', () => {
  it('is the same after it was written and read again, as a parameter and as a display name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        expect(parseParams(`;x=${quote(text)}`).get('x')).toBe(text);
        expect(parseNameAddr(`${quote(text)} <sip:a@b>`)?.displayName).toBe(text);
      }),
    );
  });

  it.each(['constructor', '__proto__', 'toString'])('named %s is a parameter like any other', (name) => {
    expect(parseParams(`;${name}=1`).get(name.toLowerCase())).toBe('1');
    expect(parseParams(';a=1').get(name.toLowerCase())).toBeUndefined();
  });
});
