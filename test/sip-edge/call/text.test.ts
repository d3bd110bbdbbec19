import { describe, expect, it } from 'vitest';
import { passHeaders } from '../../../sip-edge/call/leg/headers.ts';
import { readFrom } from '../../../sip-edge/call/setup/from-header.ts';

describe('a From header', () => {
  it.each([
    ['Ann <sip:ann@example.org>;tag=7', { displayName: 'Ann', uri: 'sip:ann@example.org', tag: '7' }],
    ['sip:ann@example.org;tag=7', { displayName: '', uri: 'sip:ann@example.org', tag: '7' }],
    ['<sip:ann@example.org;x=1>', { displayName: '', uri: 'sip:ann@example.org;x=1', tag: undefined }],
    ['"a \\" <sip:eve@x>" <sip:ann@h>;tag=7', { displayName: 'a ” ‹sip∶eve@x›', uri: 'sip:ann@h', tag: '7' }],
    ['<tel:+33123456789>;tag=7', { displayName: '', uri: 'tel:+33123456789', tag: '7' }],
  ])('%s is understood', (header, expected) => expect(readFrom(header, 'sipmediagw')).toEqual(expected));

  it.each([
    '',
    '<>',
    'Ann',
    '"Ann <sip:ann@h>',
    '<sip:a b@h>',
    `<sip:${'a'.repeat(600)}@h>`,
    `<sip:a@h>;tag=${'a'.repeat(300)}`,
  ])('%s is not', (header) => expect(readFrom(header, 'sipmediagw')).toBeUndefined());
});

describe('the headers that pass to the other leg', () => {
  it('are all but those of dialog, hop and negotiation', () => {
    expect(
      passHeaders({
        via: 'SIP/2.0/UDP h',
        from: '<sip:a@h>',
        'call-id': '1',
        contact: '<sip:a@h>',
        'record-route': '<sip:p@h>',
        'session-expires': '90',
        authorization: 'Digest x',
        'content-length': '3',
        'content-type': 'application/sdp',
        subject: 'hello',
        'X-Zone': 'north',
        'P-Charging-Vector': 'v',
        'refer-to': '<sip:b@h>',
      }),
    ).toEqual({
      'content-type': 'application/sdp',
      subject: 'hello',
      'X-Zone': 'north',
      'P-Charging-Vector': 'v',
      'refer-to': '<sip:b@h>',
    });
  });

  it('offer no extension that the edge would have to keep to', () => {
    expect(passHeaders({ supported: '100rel, Timer,norefersub', require: 'timer' })).toEqual({
      supported: 'norefersub',
    });
  });
});
