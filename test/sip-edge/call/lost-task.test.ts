import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { answerCall } from '../../support/sip-peer/peer.ts';
import type { TableWorld } from '../support/table-world.ts';
import { answer, type Scene } from './support/scene.ts';
import { TableSuite } from './support/table-suite.ts';

const suite = new TableSuite();
let scene: Scene<TableWorld>;

async function open(gateways: number): Promise<void> {
  scene = await suite.open({ gateways });
  await scene.world.table.pool();
}

describe('a gateway whose task stops without a word', () => {
  it('in a call: the caller is hung up as soon as the edge asks', async () => {
    await open(1);
    const { callId } = await scene.establish();
    await scene.world.settled();
    await scene.world.table.lose(scene.gateway.name);
    const bye = await scene.caller.incoming('BYE');
    expect(bye.header('reason')).toContain('gateway-lost');
    bye.reply(200);
    await scene.expectEnd({ type: 'call.ended', outcome: 'gateway-lost', callId });
    expect(await scene.world.table.call(callId)).toMatchObject({
      outcome: 'gateway-lost',
      detail: 'task stopped',
    });
  });

  it('while it rings: the call goes on to the next, and is not taken from that one', async () => {
    await open(2);
    const asked = vi.spyOn(scene.world, 'renewEdge');
    const call = scene.dial();
    const { agent: first, invite: ringing } = await scene.offered(1);
    ringing.reply(180);
    await call.answer(180);
    await scene.world.table.lose(first.name);
    const { agent: second, invite } = await scene.offered(2);
    expect(second).not.toBe(first);
    await answerCall(call, invite, { body: answer });
    // The mark is still there: several more questions do not end the call.
    const sofar = asked.mock.calls.length;
    await eventually(() => expect(asked.mock.calls.length).toBeGreaterThan(sofar + 2));
    expect(scene.world.ends).toEqual([]);
    await scene.hangUp(call.dialog, { gateway: second });
  });

  it('nothing is asked while there is no call', async () => {
    await open(1);
    const asked = vi.spyOn(scene.world, 'renewEdge');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(asked).not.toHaveBeenCalled();
    await scene.establish();
    await eventually(() => expect(asked).toHaveBeenCalled());
  });
});
