import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNameAddr } from '../../../sip/name-addr.ts';
import { passHeaders } from '../../../sip-edge/call/leg/headers.ts';
import { readFrom, rewriteFrom } from '../../../sip-edge/call/setup/from-header.ts';
import { readTarget } from '../../../sip-edge/call/setup/room.ts';

const target = (uri: string) => readTarget(uri, 'mediagw');

/** What the unmodified gateway makes of a display name (SIPMediaGW, src/event_handler.py), in its words. */
function readByGateway(peerDisplayName: string): { mixedId?: string; displayName: string } {
  const dash = peerDisplayName.indexOf('-');
  const digits = peerDisplayName.slice(0, Math.max(dash, 0));
  if (!/^\d+$/.test(digits)) return { displayName: peerDisplayName };
  const characters = [...peerDisplayName.slice(dash + 1)];
  const length = Number(digits);
  return { mixedId: characters.slice(0, length).join(''), displayName: characters.slice(length).join('') };
}

/** The display name as a parser of quoted strings sees it. */
function displayNameOf(header: string): string {
  const parsed = parseNameAddr(header);
  expect(parsed?.uri).toBe('sip:ann@example.org');
  return parsed?.displayName ?? '';
}

function rewritten(displayName: string, room: string): string {
  const from = readFrom(`"${displayName.replace(/[\\"]/g, '\\$&')}" <sip:ann@example.org>;tag=1`);
  if (!from) throw new Error('From not understood');
  return rewriteFrom(from, room);
}

describe('the room of a request URI', () => {
  it.each([
    ['sip:room@example.org', 'room'],
    ['sips:room@example.org:5061;transport=tcp', 'room'],
    ['SIP:1234;x=y@example.org', '1234'],
    ['sip:room:secret@example.org', 'room'],
    ['sip:team%20room@example.org', 'team room'],
    ['sip:caf%C3%A9@example.org', 'café'],
    ['sip:100%@example.org', '100%'],
    ['sip:%ff@example.org', '%ff'],
    ['sip:ro%22om%0d%0a%5c@example.org', 'room'],
    ['sip:%20%20room%20@example.org', 'room'],
  ])('%s is %s', (uri, room) => expect(target(uri)).toEqual({ kind: 'room', room }));

  it.each(['sip:example.org', 'sip:;x=y@example.org', 'sip:%22@example.org', 'sip:@example.org', 'sip::p@h'])(
    '%s has none',
    (uri) => expect(target(uri)).toEqual({ kind: 'no-room' }),
  );

  it.each(['sip:a@b@example.org', 'tel:+33123'])('%s is no SIP URI', (uri) =>
    expect(target(uri)).toMatchObject({ kind: 'malformed' }),
  );

  it('may be the name of a gateway', () => {
    expect(target('sip:10.0.0.7.mediagw.3@example.org')).toEqual({
      kind: 'gateway',
      gateway: '10.0.0.7.mediagw.3',
    });
    expect(target('sip:mediagw@example.org')).toMatchObject({ kind: 'room' });
  });

  it('has a limit', () => {
    expect(target(`sip:${'a'.repeat(256)}@example.org`)).toMatchObject({ kind: 'room' });
    expect(target(`sip:${'a'.repeat(257)}@example.org`)).toMatchObject({ kind: 'malformed' });
    expect(target(`sip:${'%41'.repeat(100_000)}@example.org`)).toMatchObject({ kind: 'malformed' });
  });

  it('never throws, and is never more than may stand between quotes', () => {
    const users = fc.oneof(fc.string({ unit: 'binary' }), fc.string().map(encodeURIComponent));
    fc.assert(
      fc.property(users, (user) => {
        const read = target(`sip:${user}@example.org`);
        if (read.kind !== 'room') return;
        expect(read.room).toMatch(/^[^"\\<>\p{Cc}]{1,256}$/u);
        expect(read.room.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('the From that a gateway gets', () => {
  it.each([
    ['Ann', 'room', '"4-roomAnn"'],
    ['', 'room', '"4-room"'],
    ['5-other', 'room', '"4-room5-other"'],
    ['Ann "the boss" \\', 'room', '"4-roomAnn the boss"'],
    ['Zoë ☂', 'salle-é', '"7-salle-éZoë ☂"'],
    ['🎥', '🎬🎬', '"2-🎬🎬🎥"'],
    ['5-other', '', '"0-5-other"'],
  ])('of %j for room %j begins with %s', (displayName, room, expected) => {
    expect(rewritten(displayName, room)).toBe(`${expected} <sip:ann@example.org>`);
  });

  it('is read by the gateway as room and name, whatever the caller calls itself', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('"', '\\', '<', '>', '-', '5', 'a', '\r', '\n', '\0', '🎥', ' ', ';'),
      }),
    );
    fc.assert(
      fc.property(hostile, hostile, (displayName, user) => {
        const read = target(`sip:${encodeURIComponent(user.toWellFormed())}@example.org`);
        if (read.kind !== 'room') return;
        const header = rewritten(displayName, read.room);
        expect(header).not.toMatch(/[\r\n\0\\]/);
        expect(header.match(/"/g)).toHaveLength(2);
        expect(readByGateway(displayNameOf(header))).toMatchObject({ mixedId: read.room });
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a caller who dials a gateway itself from naming a room', () => {
    fc.assert(
      fc.property(fc.string(), (displayName) => {
        expect(readByGateway(displayNameOf(rewritten(displayName, ''))).mixedId).toBe('');
      }),
    );
  });

  it('has a limit', () => {
    expect(rewritten('x'.repeat(3000), 'room').length).toBeLessThan(400);
  });
});

describe('a From header', () => {
  it.each([
    ['Ann <sip:ann@example.org>;tag=7', { displayName: 'Ann', uri: 'sip:ann@example.org', tag: '7' }],
    ['sip:ann@example.org;tag=7', { displayName: '', uri: 'sip:ann@example.org', tag: '7' }],
    ['<sip:ann@example.org;x=1>', { displayName: '', uri: 'sip:ann@example.org;x=1', tag: undefined }],
    ['"a \\" <sip:eve@x>" <sip:ann@h>;tag=7', { displayName: 'a  sip:eve@x', uri: 'sip:ann@h', tag: '7' }],
    ['<tel:+33123456789>;tag=7', { displayName: '', uri: 'tel:+33123456789', tag: '7' }],
  ])('%s is understood', (header, expected) => expect(readFrom(header)).toEqual(expected));

  it.each([
    '',
    '<>',
    'Ann',
    '"Ann <sip:ann@h>',
    '<sip:a b@h>',
    `<sip:${'a'.repeat(600)}@h>`,
    `<sip:a@h>;tag=${'a'.repeat(300)}`,
  ])('%s is not', (header) => expect(readFrom(header)).toBeUndefined());
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
