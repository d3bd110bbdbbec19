import { describe, expect, it } from 'vitest';
import type { OutgoingCall } from '../../support/sip-peer/dialog.ts';
import type { ReceivedResponse } from '../../support/sip-peer/message.ts';
import { answerCall, SipPeer } from '../../support/sip-peer/peer.ts';
import type { Transport } from '../../support/sip-peer/wire.ts';
import { answer, offer, type Scene, takeCancel } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/* Callers that require provisional answers to be reliable (RFC 3262): the SIP server says them so. */

const suite = new Suite();
let scene: Scene;

const requires = { headers: { Require: '100rel' } };
const rseqOf = (answer: ReceivedResponse) => Number(answer.header('rseq'));

/** Acknowledges a reliable answer. @returns what its PRACK is answered */
function acknowledge(call: OutgoingCall, provisional: ReceivedResponse): Promise<ReceivedResponse> {
  const rack = `${provisional.header('rseq')} ${provisional.header('cseq')}`;
  return call.early(provisional).ask('PRACK', { headers: { RAck: rack } });
}

/** A call whose caller hears that it is in hand; the gateway has said nothing yet. */
async function ringOver(transport: Transport): Promise<[OutgoingCall, ReceivedResponse]> {
  scene = await suite.open({ transport });
  const call = scene.dial('room', { body: offer, ...requires });
  return [call, await call.answer(180)];
}

const transports: Transport[] = ['udp', 'tcp'];

describe.each(transports)('over %s, a caller that requires 100rel', (transport) => {
  const ring = () => ringOver(transport);

  it('hears 180, acknowledges it, and is answered', async () => {
    const [call, ringing] = await ring();
    expect(ringing.header('require')).toBe('100rel');
    expect(ringing.header('contact')).toContain('sip:');
    expect((await acknowledge(call, ringing)).status).toBe(200);
    const invite = await scene.gateway.incoming('INVITE');
    expect(invite.headers.get('require')).toBeUndefined();
    await answerCall(call, invite, { body: answer });
    await scene.hangUp(call.dialog);
  });

  it('hears of a gateway that rings by another, numbered one higher', async () => {
    const [call, first] = await ring();
    const invite = await scene.gateway.incoming('INVITE');
    await acknowledge(call, first);
    invite.reply(183, { body: answer });
    const second = await call.answer(180);
    expect(rseqOf(second)).toBe(rseqOf(first) + 1);
    // It would be the answer to the offer, for good.
    expect(second.body.length).toBe(0);
    expect((await acknowledge(call, second)).status).toBe(200);
    await answerCall(call, invite, { body: answer });
    await scene.hangUp(call.dialog);
  });

  it('is answered also where it has not acknowledged the 180 yet', async () => {
    const [call] = await ring();
    await answerCall(call, await scene.gateway.incoming('INVITE'), { body: answer });
    await scene.hangUp(call.dialog);
  });

  it('is refused so too', async () => {
    const [call] = await ring();
    (await scene.gateway.incoming('INVITE')).reply(603);
    expect((await call.refusal()).status).toBe(603);
    await scene.expectAllOver();
  });

  it('may give up meanwhile', async () => {
    const [call] = await ring();
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(100);
    call.cancel();
    await takeCancel(scene.gateway, invite);
    expect((await call.refusal()).status).toBe(487);
    await scene.expectAllOver();
  });

  it('without an offer hears no 180, which would have to bring one, and is answered', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial('room', requires);
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(180);
    const { answer: ok } = await answerCall(call, invite, { body: answer });
    expect(ok.text).toBe(answer);
    expect(scene.caller.answersTo(call.callId).map(({ status }) => status)).not.toContain(180);
    await scene.hangUp(call.dialog);
  });
});

it('says a reliable 180 again and again until it is acknowledged', async () => {
  scene = await suite.open({ transport: 'tcp' });
  // One that counts what comes again.
  const caller = await SipPeer.connect('tcp', suite.server.sip);
  const call = caller.call(scene.uri('room'), { body: offer, ...requires });
  const ringing = await call.answer(180);
  for (let time = 1; time <= 2; time++) expect(rseqOf(await call.answer(180))).toBe(rseqOf(ringing));
  await acknowledge(call, ringing);
  await answerCall(call, await scene.gateway.incoming('INVITE'), { body: answer });
  await scene.hangUp(call.dialog);
  await caller.close();
});
