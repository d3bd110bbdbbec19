import { describe, expect, it } from 'vitest';
import { answerCall, hangUp } from '../../support/sip-peer/peer.ts';
import type { Transport } from '../../support/sip-peer/wire.ts';
import { answer, offer, type Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;

const transports: Transport[] = ['udp', 'tcp'];

describe.each(transports)('a call over %s', (transport) => {
  it('reaches a gateway, with its From rewritten and its body untouched, and is up on both sides', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial('team%2droom', { body: offer, headers: { Subject: 'hello', 'X-Zone': 'north' } });
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.header('from')).toMatch(/^"9-team-roomAnn" <sip:ann@127\.0\.0\.1>;tag=/);
    // drachtio unescapes what needs no escape.
    expect(decodeURIComponent(invite.header('to'))).toBe(`<${scene.uri('team-room')}>`);
    expect(invite.text).toBe(offer);
    expect(invite.header('content-type')).toBe('application/sdp');
    expect(invite.header('subject')).toBe('hello');
    expect(invite.header('x-zone')).toBe('north');
    expect(invite.header('max-forwards')).toBe('69');
    expect(invite.uri).toBe(scene.gateway.contact);

    invite.reply(180);
    await call.answer(180);
    invite.reply(183, { body: answer });
    expect((await call.answer(183)).text).toBe(answer);
    const accepted = { body: answer, headers: { 'X-Gateway': 'yes' } };
    const { answer: ok } = await answerCall(call, invite, accepted);
    expect(ok.text).toBe(answer);
    expect(ok.header('x-gateway')).toBe('yes');

    expect((await hangUp(call.dialog, scene.gateway)).status).toBe(200);
    await scene.expectAllOver();
    expect(scene.world.facts.map(({ type }) => type)).toEqual([
      'call.offered',
      'call.answered',
      'call.ended',
    ]);
    expect(scene.world.factsOf('call.ended')).toMatchObject([{ by: 'caller', outcome: 'answered' }]);
  });

  it('ends at the caller when the gateway hangs up, and says why', async () => {
    scene = await suite.open({ transport });
    const { gateway } = await scene.establish();
    const bye = gateway.ask('BYE', { headers: { Reason: 'Q.850;cause=16;text="conference over"' } });
    const atCaller = await scene.caller.incoming('BYE');
    expect(atCaller.header('reason')).toBe('Q.850;cause=16;text="conference over"');
    atCaller.reply(200);
    expect((await bye).status).toBe(200);
    await scene.expectAllOver();
    expect(scene.world.factsOf('call.ended')).toMatchObject([{ by: 'gateway', outcome: 'answered' }]);
  });

  it.each(['caller', 'gateway'] as const)('passes on all that the BYE of the %s says', async (side) => {
    scene = await suite.open({ transport });
    const dialogs = await scene.establish();
    const body = Buffer.from([12, 2, 131, 144, 255]);
    const headers = { Reason: ['Q.850;cause=31', 'SIP;cause=480'], 'User-to-User': '56a3;encoding=hex' };
    const bye = dialogs[side].ask('BYE', { headers, body, contentType: 'application/isup;version=itu-t92+' });
    const there = side === 'caller' ? scene.gateway : scene.caller;
    const heard = await there.incoming('BYE');
    expect(heard.headers.getAll('reason').flatMap((line) => line.split(','))).toEqual(headers.Reason);
    expect(heard.header('user-to-user')).toBe(headers['User-to-User']);
    expect(heard.header('content-type')).toBe('application/isup;version=itu-t92+');
    expect(heard.body).toEqual(body);
    heard.reply(200);
    expect((await bye).status).toBe(200);
    await scene.expectAllOver();
  });

  it('takes the offer from the gateway and the answer from the ACK where the INVITE has none', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial('room', {});
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.text).toBe('');
    const accepted = invite.accept({ body: answer });
    const ok = await call.established({ body: offer, headers: { 'Content-Language': 'fr' } });
    expect(ok.text).toBe(answer);
    const ack = await accepted;
    expect(ack.text).toBe(offer);
    expect(ack.header('content-type')).toBe('application/sdp');
    expect(ack.header('content-language')).toBe('fr');
    expect((await hangUp(call.dialog, scene.gateway)).status).toBe(200);
    await scene.expectAllOver();
  });

  it('has one end where both sides hang up at once', async () => {
    scene = await suite.open({ transport });
    const { caller, gateway } = await scene.establish();
    const byes = [caller.send('BYE'), gateway.send('BYE')] as const;
    // Each side answers the BYE that crossed its own, if there is one.
    for (const peer of [scene.caller, scene.gateway]) peer.answers('BYE');
    expect([200, 481]).toContain((await scene.caller.answer(byes[0])).status);
    expect([200, 481]).toContain((await scene.gateway.answer(byes[1])).status);
    await scene.expectAllOver();
  });

  it('answers an UPDATE before the answer with 500 and Retry-After (RFC 3311)', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial();
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(183, { body: answer });
    const early = call.early(await call.answer(183));
    const refused = await early.ask('UPDATE', { body: offer });
    expect(refused.status).toBe(500);
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(0);
    invite.reply(486);
    expect((await call.refusal()).status).toBe(486);
    await scene.expectAllOver();
  });
});
