import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { answerCall, type SipPeer } from '../../../support/sip-peer/peer.ts';
import type { TableWorld } from '../../support/table-world.ts';
import { answer, offer, openPeer, type Scene, takeCancel } from '../support/scene.ts';
import { TableSuite } from '../support/table-suite.ts';

/* The same Call-ID more than once at one edge. A dialog is more than its Call-ID (RFC 3261 12). */

const suite = new TableSuite();
let scene: Scene<TableWorld>;
let other: SipPeer;

async function open(gateways = 2): Promise<void> {
  scene = await suite.open({ gateways });
  other = await openPeer('tcp', suite.server, 'bob');
  onTestFinished(() => other.close());
}

const callOf = (peer: SipPeer, caller: { callId?: string; tag?: string } = {}) =>
  peer.call(scene.uri('room'), { body: offer, ...caller });

/** Two callers with one Call-ID: the first is answered, the second offered to a gateway. */
async function callTwice() {
  await open();
  const one = callOf(scene.caller);
  const first = await scene.offered(1);
  await answerCall(one, first.invite, { body: answer });
  const two = callOf(other, { callId: one.callId });
  const second = await scene.offered(2);
  return { one, first, two, second };
}

it('after a call is over, it is a new one', async () => {
  await open();
  let callId: string | undefined;
  for (const n of [1, 2]) {
    const call = callOf(scene.caller, callId === undefined ? {} : { callId });
    const { agent, invite } = await scene.offered(n);
    await answerCall(call, invite, { body: answer });
    await eventually(() => expect(scene.world.factsOf('call.answered')).toHaveLength(n));
    await scene.hangUp(call.dialog, { gateway: agent, ends: n });
    ({ callId } = call);
  }
});

it('in the same dialog it is a loop, and the call under way goes on', async () => {
  await open();
  const call = callOf(scene.caller, { tag: 'one' });
  const { agent, invite } = await scene.offered(1);
  await answerCall(call, invite, { body: answer });
  await eventually(() => expect(scene.world.factsOf('call.answered')).toHaveLength(1));
  const refusal = await callOf(other, { callId: call.callId, tag: 'one' }).refusal();
  // By the SIP server itself: RFC 3261 8.2.2.2 says 482, and drachtio 491.
  expect([482, 491]).toContain(refusal.status);
  expect(scene.world.ends).toEqual([]);
  await scene.hangUp(call.dialog, { gateway: agent });
});

it('in another dialog it is another call, with a gateway of its own', async () => {
  const { one, first, two, second } = await callTwice();
  expect(second.agent).not.toBe(first.agent);
  await answerCall(two, second.invite, { body: answer });
  await eventually(() => expect(scene.world.factsOf('call.answered')).toHaveLength(2));

  void one.dialog.bye();
  (await first.agent.incoming('BYE')).reply(200);
  await eventually(() => expect(scene.world.factsOf('call.ended')).toHaveLength(1));
  expect(scene.edge.handler.activeCalls).toBe(1);
  expect(await scene.world.table.gateway(second.agent.name)).toMatchObject({ state: 'busy' });
  await scene.hangUp(two.dialog, { gateway: second.agent, ends: 2 });
});

it('while it rings, an UPDATE of the one that is up is taken for its own', async () => {
  const { one, first, two, second } = await callTwice();
  second.invite.reply(180);
  await two.answer(180);

  const updated = one.dialog.ask('UPDATE');
  (await first.agent.incoming('UPDATE')).reply(200);
  expect((await updated).status).toBe(200);
  two.cancel();
  await takeCancel(second.agent, second.invite);
  await two.refusal(487);
  await scene.hangUp(one.dialog, { gateway: first.agent, ends: 2 });
});

it('while both ring, each CANCEL ends its own', async () => {
  await open();
  const one = callOf(scene.caller);
  const first = await scene.offered(1);
  first.invite.reply(180);
  await one.answer(180);
  const two = callOf(other, { callId: one.callId });
  const second = await scene.offered(2);
  second.invite.reply(180);
  await two.answer(180);

  one.cancel();
  (await first.agent.incoming('CANCEL')).reply(200);
  first.invite.reply(487);
  await one.refusal(487);
  await eventually(() => expect(scene.world.factsOf('call.cancelled')).toHaveLength(1));
  await answerCall(two, second.invite, { body: answer });
  await eventually(() => expect(scene.world.factsOf('call.answered')).toHaveLength(1));
  await scene.hangUp(two.dialog, { gateway: second.agent, ends: 2 });
});

it('refused, it does not lose the CANCEL of the one that rings', async () => {
  await open(1);
  const one = callOf(scene.caller);
  const first = await scene.offered(1);
  first.invite.reply(180);
  await one.answer(180);
  await callOf(other, { callId: one.callId }).refusal(503);

  one.cancel();
  (await first.agent.incoming('CANCEL')).reply(200);
  first.invite.reply(487);
  await one.refusal(487);
  await scene.expectAllOver(2);
  expect(scene.world.factsOf('call.cancelled')).toHaveLength(1);
});
