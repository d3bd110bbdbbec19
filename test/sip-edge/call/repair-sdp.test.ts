import { describe, expect, it } from 'vitest';
import { repairSdp } from '../../../sip-edge/call/leg/repair-sdp.ts';
import { answerCall } from '../../support/sip-peer/peer.ts';
import { answer, offer, type Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const sdp = (...addresses: string[]) =>
  [
    'v=0',
    'o=- 1 1 IN IP4 192.168.1.7',
    's=-',
    ...addresses.map((one) => `c=IN IP4 ${one}`),
    't=0 0',
    '',
  ].join('\r\n');

describe('SDP of a caller behind NAT', () => {
  it.each([
    ['10.1.2.3', '203.0.113.7'],
    ['172.31.0.9', '203.0.113.7'],
    ['192.168.1.7', '203.0.113.7'],
    ['100.64.0.1', '203.0.113.7'],
    ['169.254.3.4', '203.0.113.7'],
  ])('of %s gets the address that its packets come from', (address, source) => {
    expect(repairSdp(sdp(address), 'application/sdp', source)).toBe(sdp(source));
    expect(repairSdp(sdp(address, '198.51.100.2'), 'Application/SDP; charset=utf-8', source)).toBe(
      sdp(source, '198.51.100.2'),
    );
  });

  it.each([
    ['a public address', sdp('198.51.100.2'), 'application/sdp', '203.0.113.7'],
    ['a caller on hold', sdp('0.0.0.0'), 'application/sdp', '203.0.113.7'],
    ['a caller of the same network', sdp('192.168.1.7'), 'application/sdp', '192.168.1.7'],
    ['a caller by IPv6', sdp('192.168.1.7'), 'application/sdp', '2001:db8::7'],
    ['a name', sdp('10.example.org'), 'application/sdp', '203.0.113.7'],
    ['what is no address', sdp('10.1.2.300'), 'application/sdp', '203.0.113.7'],
    ['another type', sdp('10.1.2.3'), 'application/sdpx', '203.0.113.7'],
    ['several parts', sdp('10.1.2.3'), 'multipart/mixed;boundary=x', '203.0.113.7'],
    ['no type', sdp('10.1.2.3'), undefined, '203.0.113.7'],
  ])('is left as it is for %s', (_what, body, type, source) => {
    expect(repairSdp(body, type, source)).toBe(body);
  });
});

const suite = new Suite();
let scene: Scene;

/** As the scene has it, but from a network of its own; and as the gateway is to see that. */
const hidden = (body: string) => body.replace('\r\nm=', '\r\nc=IN IP4 10.1.2.3\r\nm=');
const shown = (body: string) => body.replace('\r\nm=', '\r\nc=IN IP4 127.0.0.1\r\nm=');

describe('a call from behind NAT', () => {
  it('has the address of the caller in each of its offers and answers, where the edge is told to repair it', async () => {
    scene = await suite.open({ settings: { repairSdp: true } });
    const call = scene.dial('room', { body: hidden(offer) });
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.text).toBe(shown(offer));
    const { callee } = await answerCall(call, invite, { body: answer });
    const again = callee.ask('INVITE', { body: offer });
    const atCaller = await scene.caller.incoming('INVITE');
    atCaller.reply(200, { body: hidden(answer) });
    expect((await again).text).toBe(shown(answer));
  });

  it('is not touched otherwise', async () => {
    scene = await suite.open();
    const call = scene.dial('room', { body: hidden(offer) });
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.text).toBe(hidden(offer));
    await answerCall(call, invite, { body: answer });
    await scene.hangUp(call.dialog);
  });
});
