import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type SipServer, startSipServer } from '../../support/sip-server.ts';
import { header } from './support/message.ts';
import { answer, offer, Scene } from './support/scene.ts';
import type { Transport } from './support/ua.ts';

let server: SipServer;
let scene: Scene;
beforeAll(async () => {
  server = await startSipServer();
});
afterAll(() => server.stop());
afterEach(() => scene.close());

const transports: Transport[] = ['udp', 'tcp'];

describe.each(transports)('a call over %s', (transport) => {
  it('reaches a gateway, with its From rewritten and its body untouched, and is up on both sides', async () => {
    scene = await Scene.open(server, { transport });
    const call = scene.dial('team%20room', { body: offer, headers: { Subject: 'hello', 'X-Zone': 'north' } });
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.header('from')).toMatch(/^"9-team roomAnn" <sip:ann@127\.0\.0\.1>;tag=/);
    expect(invite.header('to')).toBe(`<${scene.uri('team%20room')}>`);
    expect(invite.body).toBe(offer);
    expect(invite.header('content-type')).toBe('application/sdp');
    expect(invite.header('subject')).toBe('hello');
    expect(invite.header('x-zone')).toBe('north');
    expect(invite.header('max-forwards')).toBe('69');
    expect(invite.message.uri).toBe(scene.gateway.contact);

    invite.reply(180);
    await call.answer(180);
    invite.reply(183, { body: answer });
    expect((await call.answer(183)).body).toBe(answer);
    const accepted = invite.accept({ body: answer, headers: { 'X-Gateway': 'yes' } });
    const established = await call.established();
    expect(established.answer.body).toBe(answer);
    expect(header(established.answer, 'x-gateway')).toBe('yes');
    const gateway = await accepted;

    expect((await established.dialog.bye()).status).toBe(200);
    (await gateway.dialog.agent.incoming('BYE')).reply(200);
    await scene.expectAllOver();
    expect(scene.world.facts.map(({ type }) => type)).toEqual([
      'call.offered',
      'call.answered',
      'call.ended',
    ]);
    expect(scene.world.factsOf('call.ended')).toMatchObject([{ by: 'caller', outcome: 'answered' }]);
  });

  it('ends at the caller when the gateway hangs up, and says why', async () => {
    scene = await Scene.open(server, { transport });
    const { gateway } = await scene.establish();
    const bye = gateway.request('BYE', { headers: { Reason: 'Q.850;cause=16;text="conference over"' } });
    const atCaller = await scene.caller.incoming('BYE');
    expect(atCaller.header('reason')).toBe('Q.850;cause=16;text="conference over"');
    atCaller.reply(200);
    expect((await bye).status).toBe(200);
    await scene.expectAllOver();
    expect(scene.world.factsOf('call.ended')).toMatchObject([{ by: 'gateway', outcome: 'answered' }]);
  });

  it('takes the offer from the gateway and the answer from the ACK where the INVITE has none', async () => {
    scene = await Scene.open(server, { transport });
    const call = scene.dial('room', {});
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.body).toBe('');
    const accepted = invite.accept({ body: answer });
    const { answer: ok, dialog } = await call.established({ body: offer });
    expect(ok.body).toBe(answer);
    const { ack } = await accepted;
    expect(ack.body).toBe(offer);
    expect(header(ack, 'content-type')).toBe('application/sdp');
    const bye = dialog.bye();
    (await scene.gateway.incoming('BYE')).reply(200);
    expect((await bye).status).toBe(200);
    await scene.expectAllOver();
  });

  it('has one end where both sides hang up at once', async () => {
    scene = await Scene.open(server, { transport });
    const { caller, gateway } = await scene.establish();
    const byes = [caller.send('BYE'), gateway.send('BYE')] as const;
    // Each side answers the BYE that crossed its own, if there is one.
    void scene.caller.incoming('BYE').then(
      (bye) => bye.reply(200),
      () => {},
    );
    void scene.gateway.incoming('BYE').then(
      (bye) => bye.reply(200),
      () => {},
    );
    expect([200, 481]).toContain((await caller.answerTo(byes[0], 'BYE')).status);
    expect([200, 481]).toContain((await gateway.answerTo(byes[1], 'BYE')).status);
    await scene.expectAllOver();
  });

  it('sends no unreliable 180 to a caller that insists on reliable ones (RFC 3262)', async () => {
    scene = await Scene.open(server, { transport });
    const call = scene.dial('room', { body: offer, headers: { Require: '100rel' } });
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.message.headers.has('require')).toBe(false);
    invite.reply(180);
    const accepted = invite.accept({ body: answer });
    const rang = vi.fn();
    call.answer(180).then(rang, () => {});
    const { dialog } = await call.established();
    await accepted;
    expect(rang).not.toHaveBeenCalled();
    void dialog.bye();
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectAllOver();
  });

  it('answers an UPDATE before the answer with 500 and Retry-After (RFC 3311)', async () => {
    scene = await Scene.open(server, { transport });
    const call = scene.dial();
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(183, { body: answer });
    const early = call.early(await call.answer(183));
    const refused = await early.request('UPDATE', { body: offer });
    expect(refused.status).toBe(500);
    expect(Number(header(refused, 'retry-after'))).toBeGreaterThan(0);
    invite.reply(486);
    expect((await call.refusal()).status).toBe(486);
    await scene.expectAllOver();
  });
});
