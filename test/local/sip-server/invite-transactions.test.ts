import { describe, expect, it } from 'vitest';
import { answer, offer } from '../../sip-edge/call/support/scene.ts';
import { Suite } from '../../sip-edge/call/support/suite.ts';
import { IncomingRequest } from '../../support/sip-peer/dialog.ts';
import { answerCall } from '../../support/sip-peer/peer.ts';

/* INVITE transactions of one dialog, each by its CSeq and tag. A real drachtio does less. */
describe.skipIf(process.env.DRACHTIO)('an INVITE transaction', () => {
  const suite = new Suite();

  it('of a fork is acknowledged and ended for each branch but the first', async () => {
    const scene = await suite.open();
    const call = scene.dial();
    const invite = await scene.gateway.incoming('INVITE');
    await answerCall(call, invite, { body: answer });
    const other = new IncomingRequest(scene.gateway, invite);
    const second = other.reply(200, { body: answer });
    const ack = await other.ack();
    expect(ack.header('to')).toContain(other.tag);
    const bye = await scene.gateway.incoming('BYE');
    expect(bye.header('to')).toContain(other.tag);
    bye.reply(200);
    scene.gateway.send(second);
    expect((await other.ack()).header('to')).toContain(other.tag);
    await scene.hangUp(call.dialog);
  });

  it('within a call counts the ACK of its own CSeq alone', async () => {
    const scene = await suite.open();
    const { caller } = await scene.establish();
    const late = caller.ask('INVITE', { noAck: true });
    const arrived = await scene.gateway.incoming('INVITE');
    arrived.reply(200, { body: offer });
    const answered = await late;
    caller.send('ACK', { cseq: answered.cseq - 1, body: 'v=0\r\ns=old\r\n' });
    caller.acknowledge(answered, { body: answer });
    expect((await arrived.ack()).text).toBe(answer);
    await scene.hangUp(caller);
  });

  it('within a call is refused while another is open', async () => {
    const scene = await suite.open();
    const { caller } = await scene.establish();
    const first = caller.ask('INVITE', { body: offer });
    const arrived = await scene.gateway.incoming('INVITE');
    const second = await caller.ask('INVITE', { body: offer });
    expect(second.status).toBe(500);
    expect(second.headers.has('retry-after')).toBe(true);
    await arrived.accept({ body: answer });
    expect((await first).status).toBe(200);
    await scene.hangUp(caller);
  });

  it('that was answered as the BYE came is acknowledged all the same', async () => {
    const scene = await suite.open();
    const { caller } = await scene.establish();
    const reinvite = caller.send('INVITE', { body: offer });
    const arrived = await scene.gateway.incoming('INVITE');
    const over = caller.bye();
    (await scene.gateway.incoming('BYE')).reply(200);
    await arrived.accept({ body: answer });
    expect((await over).status).toBe(200);
    expect((await caller.peer.answer(reinvite)).status).toBeGreaterThanOrEqual(200);
    await scene.expectAllOver();
  });

  it('is found by a CANCEL whose Via has another address', async () => {
    const scene = await suite.open();
    const { call, invite } = await scene.ring();
    const { headers } = call.invite;
    headers.set('Via', (headers.get('via') as string).replace(/127\.0\.0\.1:\d+/, '192.0.2.7:5999'));
    call.cancel();
    (await scene.gateway.incoming('CANCEL')).reply(200);
    invite.reply(487);
    await invite.ack();
    await scene.expectEnd({ type: 'call.cancelled' });
  });

  it('of a caller without a tag is taken (RFC 2543)', async () => {
    const scene = await suite.open();
    const dialog = scene.caller.outside(scene.uri('room'));
    const send = (method: string, cseq: number) => {
      const request = dialog.build(method, { cseq, ...(method === 'INVITE' && { body: offer }) });
      request.headers.set('From', '<sip:old@endpoint.example>');
      return scene.caller.send(request);
    };
    const sent = send('INVITE', 1);
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(200, { body: answer });
    dialog.remote = (await scene.caller.answer(sent, 200)).header('to');
    send('ACK', 1);
    await invite.ack();
    const bye = send('BYE', 2);
    (await scene.gateway.incoming('BYE')).reply(200);
    expect((await scene.caller.answer(bye)).status).toBe(200);
    await scene.expectAllOver();
  });
});
