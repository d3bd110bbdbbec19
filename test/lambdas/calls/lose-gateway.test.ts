import { describe, expect, it } from 'vitest';
import type { Call } from '../../../lambdas/domain/call/call.ts';
import { gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

/* A gateway's task has stopped, and nobody but ECS has said so. */

useWorld(oneGateway);

async function answered(callId = 'call-1'): Promise<void> {
  await world.grant({ callId });
  await world.say(world.answered(callId, gw));
  world.pass(10);
}

const toldLost = { hangups: [{ callId: 'call-1', gateway: gw }] };

describe('a gateway in a call', () => {
  it.each(['stop', 'reuse'] as const)(
    'ends it as gateway-lost, leaves no location, and its edge is told (%s)',
    async (afterCall) => {
      await oneGateway(afterCall);
      await answered();
      expect(await world.lose(gw)).toEqual({ lostCallId: 'call-1' });
      const end = { state: 'ended', outcome: 'gateway-lost', endedAt: world.nowMs, detail: 'task stopped' };
      expect(await world.call('call-1')).toMatchObject(end);
      expect(await world.gateway(gw)).toBeUndefined();
      expect(await world.hangups()).toEqual(toldLost);
      expect(await world.hangups('edge-2')).toEqual({ hangups: [] });
      const late = await world.register({ username: gw, cseq: 2 });
      expect(late).toEqual({ result: 'refused', reason: 'call-over' });
    },
  );

  it('told twice leaves the same, and the edge’s own fact changes nothing of it', async () => {
    await answered();
    await world.lose(gw);
    const record = await world.call('call-1');
    world.pass(2);
    expect(await world.lose(gw)).toEqual({});
    const end = { type: 'call.ended', callId: 'call-1', gateway: gw, by: 'gateway' } as const;
    await world.say({ ...end, outcome: 'gateway-lost' });
    expect(await world.call('call-1')).toMatchObject({ endedAt: record?.endedAt, outcome: 'gateway-lost' });
  });

  it('is told for a minute to its edge, which asks all the while', async () => {
    await answered();
    expect(await world.hangups()).toEqual({ hangups: [] });
    await world.lose(gw);
    for (const sec of [30, 29]) {
      world.pass(sec);
      expect(await world.hangups()).toEqual(toldLost);
    }
    world.pass(2);
    expect(await world.hangups()).toEqual({ hangups: [] });
  });

  it('is told to an edge that was silent for longer as long as it is kept', async () => {
    await answered();
    await world.hangups();
    await world.lose(gw);
    world.pass(590);
    expect(await world.hangups()).toEqual(toldLost);
  });

  it('whose end is told at the same moment is over once, whoever was first, and stops no other task', async () => {
    await answered();
    const end = () => world.say(world.ended('call-1', gw));
    await Promise.all([world.lose(gw), end(), world.lose(gw)]);
    // Whether the sweep or the next fact tells of it hangs on who was last.
    const recordNow = async () => ({
      ...((await world.call('call-1')) as Call),
      ...{ recordDue: '', watchKey: '', version: 0 },
    });
    const record = await recordNow();
    expect(record).toMatchObject({ state: 'ended', endedAt: world.nowMs });
    expect(['answered', 'gateway-lost']).toContain(record.outcome);
    // Each may ask to stop the task, which is one that has stopped: ECS takes that as often as it comes.
    expect(new Set(world.stopped)).toEqual(new Set([gw.split('.')[0]]));
    world.pass(1);
    await end();
    await world.lose(gw);
    expect(await recordNow()).toEqual(record);
    expect(await world.gateway(gw)).toBeUndefined();
  });
});

it('a gateway that a call is being offered: the call goes on to the next, and its edge is told', async () => {
  await world.grant({ callId: 'call-1' });
  await world.register({ username: managed(2) });
  expect(await world.lose(gw)).toEqual({ lostCallId: 'call-1' });
  expect(await world.call('call-1')).toMatchObject({
    state: 'offered',
    attempts: [{ lostCause: 'task stopped' }],
  });
  expect(await world.hangups()).toEqual(toldLost);
  const failed = [{ username: gw, cause: 'silent' as const }];
  const answer = await world.allocate({ callId: 'call-1', attempt: 2, failed });
  expect(answer).toMatchObject({ result: 'granted', username: managed(2) });
});

it('a free gateway leaves the pool, and a refresh of it that was under way is refused', async () => {
  expect(await world.lose(gw)).toEqual({});
  expect(await world.gateway(gw)).toBeUndefined();
  expect(await world.hangups()).toEqual({ hangups: [] });
  expect(await world.register({ username: gw, cseq: 2 })).toMatchObject({ reason: 'call-over' });
});

it('a gateway that is not registered is nothing to lose', async () => {
  expect(await world.lose(managed(9))).toEqual({});
});

it('a gateway that was draining goes, and the edge that was thought lost is told when it asks', async () => {
  await world.hangups();
  await answered();
  world.pass(46);
  await world.sweep();
  expect(await world.gateway(gw)).toMatchObject({ state: 'draining' });
  await world.lose(gw);
  expect(await world.gateway(gw)).toBeUndefined();
  expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-lost' });
  expect(await world.hangups()).toEqual(toldLost);
  expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-lost' });
});
