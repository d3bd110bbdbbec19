import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNameAddr } from '../../../sip/name-addr.ts';
import { readFrom, rewriteFrom } from '../../../sip-edge/call/setup/from-header.ts';
import type { GatewayText } from '../../../sip-edge/call/setup/gateway-text.ts';
import { readTarget } from '../../../sip-edge/call/setup/room.ts';
import { nameInConference, readByGateway, typedByGateway } from '../../support/sip-media-gateway.ts';

const gateways = { gatewayName: 'mediagw', gatewayText: 'sipmediagw' } as const;
const target = (uri: string) => readTarget(uri, gateways);

/** The display name as a parser of quoted strings sees it. */
function displayNameOf(header: string, uri = 'sip:ann@example.org'): string {
  const parsed = parseNameAddr(header);
  expect(parsed?.uri).toBe(uri);
  return parsed?.displayName ?? '';
}

function rewritten(displayName: string, room: string, uri = 'sip:ann@example.org'): string {
  return written(displayName, room, uri, 'sipmediagw');
}

function written(displayName: string, room: string, uri: string, reader: GatewayText): string {
  const from = readFrom(`"${displayName.replace(/[\\"]/g, '\\$&')}" <${uri}>;tag=1`, reader);
  if (!from) throw new Error('From not understood');
  return rewriteFrom(from, room, reader);
}

const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      ...'\'"`\\\r\n\0<>{}#$%&+=?:;,-./*()@15aB \u202e\u2028\u200d\u00e9',
      '\ud83c\udfa5',
    ),
  }),
  fc.constantFrom(
    "x');alert(1);//",
    '12&roomId=evil',
    'a#b',
    '%27);alert(1);//',
    '\\u0027',
    '84:',
    '5-other',
  ),
);

describe('the rules of the gateway that these tests go by', () => {
  // From name, prefix and name of its event handler's log, platform and room of its menu's: runs of its own scripts.
  it.each([
    ['6-1.1234Salle d’audience ＃1', '1.1234', 'Salle d’audience ＃1', { platform: 1, room: '1234' }],
    ['1-0Room 281∶ Paris', '0', 'Room 281∶ Paris', {}],
    ['1-2x’);alert(1)//@endpoint.example', '2', 'x’);alert(1)//@endpoint.example', { platform: 2 }],
    ['4-12345-other', '1234', '5-other', { room: '1234' }],
    [
      '23-1.a-very-long/room_nameAnn',
      '1.a-very-long/room_name',
      'Ann',
      { platform: 1, room: 'a-very-long/room_name' },
    ],
  ])('%s is read as it was in a run of it', (name, mixedId, displayName, menu) => {
    expect(readByGateway(name)).toEqual({ mixedId, displayName });
    expect(nameInConference(displayName)).toBe(displayName);
    expect(typedByGateway(mixedId)).toEqual(menu);
  });
});

describe('the room of a request URI', () => {
  it.each([
    ['sip:room@example.org', 'room'],
    ['sips:room@example.org:5061;transport=tcp', 'room'],
    ['SIP:1234;x=y@example.org', '1234'],
    ['sip:room:secret@example.org', 'room'],
    ['sip:%20%20room%20@example.org', 'room'],
    ['sip:Team_Room-1/2@example.org', 'Team_Room-1/2'],
    ['sip:1.1234@example.org', '1.1234'],
    ['sip:2%23team@example.org', '2#team'],
    ['sip:0@example.org', '0'],
    ['sip:3@example.org', '3'],
  ])('%s is %s', (uri, room) => expect(target(uri)).toEqual({ kind: 'room', room }));

  it.each(['sip:example.org', 'sip:;x=y@example.org', 'sip:%20@example.org', 'sip:@example.org', 'sip::p@h'])(
    '%s has none',
    (uri) => expect(target(uri)).toEqual({ kind: 'no-room' }),
  );

  it.each([
    ['%2e.%2f', 'a way out of the conference\u2019s path'],
    ['12%27%29%3Balert(1)%3B%2F%2F', 'JavaScript'],
    ['+33123456789', 'a number that would lose its plus'],
    ['caf%C3%A9', 'a letter that would be skipped'],
    ['team%20room', 'a blank that would be skipped'],
    ['12*34', 'a key that takes back the one before'],
    ['1.5', 'a room of one digit, which is skipped after a platform'],
    ['0.1234', 'a platform that there is not'],
    ['1.team.room', 'a second dot'],
    ['1%2312%23', 'a key that ends the room'],
    ['100%', 'no escape'],
    ['%ff', 'no UTF-8'],
    ['ro%22om%0d%0a%5c', 'quotes and line ends'],
  ])('%s would be read wrongly: %s', (user) => {
    expect(target(`sip:${user}@example.org`)).toEqual({ kind: 'unreadable-room' });
  });

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

  it('is the room that the gateway enters, whatever was dialled', () => {
    const users = fc.oneof(hostileText, fc.string({ unit: fc.constantFrom(...'0123456789.#*-_/aZ') }));
    fc.assert(
      fc.property(users, (user) => {
        const read = target(`sip:${encodeURIComponent(user.toWellFormed())}@example.org`);
        if (read.kind !== 'room') return;
        const { platform, room } = typedByGateway(read.room);
        const entered = [platform, room].filter((part) => part !== undefined).join('.');
        // 0 is nothing but the menu.
        expect(entered).toBe(read.room === '0' ? '' : read.room.replace('#', '.'));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the From that a gateway gets', () => {
  it.each([
    ['Ann', 'room', '"4-roomAnn"'],
    ['5-other', 'room', '"4-room5-other"'],
    ["Salle d'audience", '1234', '"4-1234Salle d\u2019audience"'],
    ['R&D <Lab> #2 50% + {x}', '1', '"1-1R\uff06D \u2039Lab\u203a \uff032 50\uff05 \uff0b (x)"'],
    ['Ann "the boss" \\', 'room', '"4-roomAnn \u201dthe boss\u201d /"'],
    ['Ann\u202egnp.exe\t2', 'room', '"4-roomAnngnp.exe 2"'],
    ['Room 281: Paris', 'room', '"4-roomRoom 281\u2236 Paris"'],
    ['Zo\u00eb \u2602', '1.salle', '"7-1.salleZo\u00eb \u2602"'],
    ['5-other', '', '"0-5-other"'],
    ['', 'room', '"4-roomann@example.org"'],
    ['\u202e', 'room', '"4-roomann@example.org"'],
  ])('of %j for room %j begins with %s', (displayName, room, expected) => {
    expect(rewritten(displayName, room)).toBe(`${expected} <sip:ann@example.org>`);
  });

  it.each([
    ["sip:x');alert(1)//@h", '1-1x\u2019)'],
    ["sip:x'%29-alert(1)@h", '1-1x\u2019)-alert(1)@h'],
    ['sip:ann:secret@h:5060', '1-1ann@h'],
    ['sip:h', '1-1h'],
    ['tel:+33123', '1-1\uff0b33123'],
    ['sip:%e2%80%ae@h', '1-1@h'],
    ['urn:\u202e', '1-1Caller'],
  ])('has a name of %s where the caller gives none', (uri, expected) => {
    expect(displayNameOf(rewritten('', '1', uri), uri)).toContain(expected);
  });

  it('is read by the gateway as room and name, and enters the conference unharmed, whatever it says', () => {
    fc.assert(
      fc.property(hostileText, fc.constantFrom('room', '1.1234', '0', ''), (displayName, room) => {
        const header = rewritten(displayName, room);
        expect(header).not.toMatch(/[\p{Cc}\\]/u);
        expect(header.match(/"/g)).toHaveLength(2);
        expect(header.isWellFormed()).toBe(true);
        const read = readByGateway(displayNameOf(header));
        expect(read.mixedId).toBe(room);
        expect(read.displayName).not.toBe('');
        expect(nameInConference(read.displayName)).toBe(read.displayName);
      }),
      { numRuns: 2000 },
    );
  });

  it('has a limit, and splits no character', () => {
    expect(rewritten('x'.repeat(3000), 'room').length).toBeLessThan(200);
    expect(rewritten('\ud83c\udfa5x'.repeat(1000), 'room').isWellFormed()).toBe(true);
  });
});

describe('what gateways get that take room and name as sent', () => {
  const asSent = (uri: string) => readTarget(uri, { ...gateways, gatewayText: 'as-sent' });

  it.each([
    ['sip:+33-1-555-0100;phone-context=example.org@example.org', '+33-1-555-0100'],
    ['sip:caf%C3%A9@example.org', 'caf\u00e9'],
    ['sip:conf%40home@example.org', 'conf@home'],
    ['sip:97002,2@example.org', '97002,2'],
    ['sip:team%20room@example.org', 'team room'],
    ['sip:100%@example.org', '100%'],
    ['sip:1.5@example.org', '1.5'],
    ['sip:ro%22om%5c@example.org', 'ro"om\\'],
  ])('%s is room %s', (uri, room) => expect(asSent(uri)).toEqual({ kind: 'room', room }));

  it.each(['a%0d%0ab', '%00', 'a%e2%80%aeb'])('%s cannot be seen', (user) =>
    expect(asSent(`sip:${user}@example.org`)).toEqual({ kind: 'unreadable-room' }),
  );

  it.each([
    ["Salle d'audience #1 & <x>", 'room', '"4-roomSalle d\'audience #1 & <x>"'],
    ['Ann "the boss" \\', 'ro"om', '"5-ro\\"omAnn \\"the boss\\" \\\\"'],
    ['', '\ud83c\udfa5', '"1-\ud83c\udfa5"'],
    ['Ann\u202e\r\nVia: x', '1', '"1-1Ann Via: x"'],
  ])('From of %j for room %j begins with %s', (displayName, room, expected) => {
    expect(written(displayName, room, 'sip:ann@example.org', 'as-sent')).toBe(
      `${expected} <sip:ann@example.org>`,
    );
  });

  it('can be read back, whatever it was', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (displayName, user) => {
        const read = asSent(`sip:${encodeURIComponent(user.toWellFormed())}@example.org`);
        if (read.kind !== 'room') return;
        const name = displayNameOf(written(displayName, read.room, 'sip:ann@example.org', 'as-sent'));
        const [, length = '', rest = ''] = /^(\d+)-(.*)$/su.exec(name) ?? [];
        expect([...rest].slice(0, Number(length)).join('')).toBe(read.room);
      }),
      { numRuns: 1000 },
    );
  });
});
