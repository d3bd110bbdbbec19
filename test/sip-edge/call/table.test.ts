import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { answerCall, type SipPeer } from '../../support/sip-peer/peer.ts';
import type { TableWorld } from '../support/table-world.ts';
import { startTestEdge } from './support/edge.ts';
import { answer, type Scene } from './support/scene.ts';
import { TableSuite } from './support/table-suite.ts';

/* The call with the functions' own code and a real table behind it: what the table shows at each step. */

const suite = new TableSuite();
let scene: Scene<TableWorld>;

async function stateOf(agent: SipPeer): Promise<string | undefined> {
  await scene.world.settled();
  return (await scene.world.table.gateway(agent.name))?.state;
}

describe('the gateway of a call', () => {
  it('is locked while it rings, busy in the call, and gone after it, with a tombstone', async () => {
    scene = await suite.open();
    expect(await stateOf(scene.gateway)).toBe('free');
    const call = scene.dial();
    const invite = await scene.gateway.incoming('INVITE');
    expect(await stateOf(scene.gateway)).toBe('locked');
    await answerCall(call, invite, { body: answer });
    await eventually(async () => expect(await stateOf(scene.gateway)).toBe('busy'));
    expect(await scene.world.table.call(call.callId)).toMatchObject({
      state: 'answered',
      room: 'room',
      gateway: scene.gateway.name,
    });

    await scene.hangUp(call.dialog);
    expect(await stateOf(scene.gateway)).toBeUndefined();
    expect(await scene.world.table.call(call.callId)).toMatchObject({ state: 'ended', outcome: 'answered' });
    const { name } = scene.gateway;
    expect(await scene.world.table.tombstone(name, `reg-${name}`)).toBeDefined();
  });

  it('is free again where it rejects, and out where it is silent', async () => {
    scene = await suite.open({ gateways: 3, settings: { gatewayTimeoutMs: 300 } });
    const call = scene.dial();
    const silent = await scene.offered(1);
    const rejecting = await scene.offered(2);
    rejecting.invite.reply(486);
    const taking = await scene.offered(3);
    await answerCall(call, taking.invite, { body: answer });
    expect(await stateOf(silent.agent)).toBe('silent');
    expect(await stateOf(rejecting.agent)).toBe('free');
    await scene.hangUp(call.dialog, { gateway: taking.agent });
  });

  it('is free again where the caller gives up, and gone where it had answered', async () => {
    scene = await suite.open({ gateways: 1 });
    const first = scene.dial();
    const ringing = await scene.gateway.incoming('INVITE');
    ringing.reply(180);
    await first.answer(180);
    first.cancel();
    await first.refusal();
    (await scene.gateway.incoming('CANCEL')).reply(200);
    ringing.reply(487);
    await scene.expectAllOver();
    expect(await stateOf(scene.gateway)).toBe('free');

    const second = scene.dial();
    const crossing = await scene.gateway.incoming('INVITE');
    crossing.reply(180);
    await second.answer(180);
    second.cancel();
    await second.refusal();
    (await scene.gateway.incoming('CANCEL')).reply(200);
    crossing.reply(200, { body: answer });
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectAllOver(2);
    expect(await stateOf(scene.gateway)).toBeUndefined();
  });

  it('serves one call at a time: another is refused meanwhile', async () => {
    scene = await suite.open();
    const { caller } = await scene.establish();
    const other = scene.dial('other');
    expect((await other.refusal()).status).toBe(503);
    await scene.hangUp(caller, { ends: 2 });
  });

  it('can be asked for by its name', async () => {
    scene = await suite.open({ gateways: 3 });
    const [, , third] = scene.gateways as [SipPeer, SipPeer, SipPeer];
    const call = scene.dial(third.name);
    await answerCall(call, await third.incoming('INVITE'), { body: answer });
    await eventually(async () => expect(await stateOf(third)).toBe('busy'));
    const again = scene.dial(third.name);
    expect((await again.refusal()).status).toBe(486);
    await scene.hangUp(call.dialog, { gateway: third, ends: 2 });
  });

  it('keeps its call when the application is killed, and loses it when the caller hangs up', async () => {
    scene = await suite.open();
    const { caller } = await scene.establish();
    scene.edge.kill();
    scene.edge = await startTestEdge(suite.server, scene.world);
    await eventually(() => expect(scene.edge.handler.activeCalls).toBe(1));
    expect(await stateOf(scene.gateway)).toBe('busy');
    await scene.hangUp(caller);
    expect(await stateOf(scene.gateway)).toBeUndefined();
  });
});
