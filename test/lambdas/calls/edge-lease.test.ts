import { beforeEach, describe, expect, it } from 'vitest';
import { overtakenIn } from '../support/overtaking.ts';
import { gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

/* An edge lives by what it asks. What comes late over the bus, or a sweep that guessed wrong, costs no call. */

useWorld(oneGateway);
beforeEach(async () => {
  await world.hangups();
});

const callId = 'call-1';
const answered = () => world.answered(callId, gw);
const ended = () => world.ended(callId, gw);

/** The edge could not ask for so long that the sweep took it for lost. */
async function thoughtLost(): Promise<void> {
  world.pass(46);
  await world.sweep();
  expect(await world.call(callId)).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
  expect(await world.gateway(gw)).toMatchObject({ state: 'draining' });
}

/** Calls by outcome. */
function counted(): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { name, outcome = '', value } of world.measured)
    if (name === 'Calls') sums[outcome] = (sums[outcome] ?? 0) + value;
  return sums;
}

const diesBeforeItCounts = (run: () => Promise<unknown>) => async () => {
  const before = world.measured.length;
  await run();
  world.measured.length = before;
};

it('keeps its calls while it asks, though no fact of it comes', async () => {
  await world.grant({ callId });
  await world.say(answered());
  for (let seconds = 0; seconds < 600; seconds += 2) {
    world.pass(2);
    await world.hangups();
    if (seconds % 60 === 0) await world.sweep();
  }
  expect(await world.call(callId)).toMatchObject({ state: 'answered' });
  expect(world.stopped).toEqual([]);
});

describe('an edge that was thought lost and asks again', () => {
  it.each([
    ['what to hang up', () => world.hangups()],
    ['for its calls', () => world.edgeCalls()],
  ])('(%s) has its call back, and its gateway is not stopped', async (_what, ask) => {
    await world.grant({ callId });
    await world.say(answered());
    await thoughtLost();
    await ask();
    expect(await world.call(callId)).toMatchObject({ state: 'answered' });
    expect(await world.call(callId)).not.toHaveProperty('endedAt');
    expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: callId });
    for (let minutes = 0; minutes < 3; minutes += 1) {
      world.pass(60);
      await world.hangups();
      await world.sweep();
    }
    expect(world.stopped).toEqual([]);
    expect(await world.edgeCalls()).toMatchObject({ calls: [{ callId, state: 'answered' }] });

    world.pass(1);
    const end = ended();
    await world.say(end);
    expect(await world.call(callId)).toMatchObject({
      outcome: 'answered',
      endedAt: end.at,
      endedBy: 'caller',
    });
    expect(world.stopped).toEqual([taskId(1)]);
  });

  it.each([
    ['', async () => void (await world.hangups())],
    [', though who takes it back dies before it counts', diesBeforeItCounts(() => world.hangups())],
    [', which ended before its edge asked', async () => {}],
  ])('counts the call once, and as it ended%s', async (_when, ask) => {
    await world.grant({ callId });
    await world.say(answered());
    await thoughtLost();
    await ask();
    world.pass(10);
    await world.say(ended());
    expect(counted()).toEqual({ 'edge-lost': 0, answered: 1 });
    expect(world.measured.filter(({ name }) => name === 'CallLength')).toMatchObject([{ value: 56 }]);
  });

  it('has a call back that was only being offered, and its answer holds', async () => {
    await world.grant({ callId });
    await thoughtLost();
    await world.hangups();
    expect(await world.call(callId)).toMatchObject({ state: 'offered' });
    await world.say(answered());
    expect(await world.call(callId)).toMatchObject({ state: 'answered' });
    expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: callId });
  });

  it('does not get back what has ended meanwhile, whenever that is told', async () => {
    await world.grant({ callId });
    await world.say(answered());
    world.pass(5);
    const early = ended();
    await thoughtLost();
    await world.say(early);
    await world.hangups();
    expect(await world.call(callId)).toMatchObject({
      state: 'ended',
      outcome: 'answered',
      endedAt: early.at,
    });
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('is believed about an end that came after the guess', async () => {
    await world.grant({ callId });
    await world.say(answered());
    await thoughtLost();
    world.pass(5);
    const late = ended();
    await world.say(late);
    expect(await world.call(callId)).toMatchObject({ outcome: 'answered', endedAt: late.at });
  });

  it('leaves the calls of other edges as they are', async () => {
    await world.grant({ callId, edgeId: 'edge-2' });
    await world.hangups('edge-2');
    await world.say({ ...answered(), edgeId: 'edge-2' });
    await thoughtLost();
    await world.hangups('edge-1');
    expect(await world.call(callId)).toMatchObject({ state: 'ended' });
    await world.hangups('edge-2');
    expect(await world.call(callId)).toMatchObject({ state: 'answered' });
  });

  it('has no call back on a gateway that has started anew', async () => {
    await world.grant({ callId });
    await world.say(answered());
    await thoughtLost();
    await world.register({
      username: gw,
      registrationId: 'reg-2',
      contacts: [{ uri: 'sip:new@10.0.0.8', expiresSec: 600 }],
    });
    await world.hangups();
    expect(await world.call(callId)).toMatchObject({ state: 'ended' });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
  });
});

it('a sweep that read the lease before the edge asked ends nothing', async () => {
  await world.grant({ callId });
  await world.say(answered());
  world.pass(46);
  // Between the sweep's look at the edges and its first write.
  await overtakenIn(world, () => world.hangups()).sweep();
  expect(await world.call(callId)).toMatchObject({ state: 'answered' });
  expect(await world.gateway(gw)).toMatchObject({ state: 'busy' });
});

it('what an application asks that was replaced renews nothing', async () => {
  await world.hangups('edge-1', { generation: 2 });
  await world.grant({ callId });
  await world.say(answered());
  for (let seconds = 0; seconds < 60; seconds += 2) {
    world.pass(2);
    await world.hangups('edge-1', { generation: 1 });
  }
  await world.sweep();
  expect(await world.call(callId)).toMatchObject({ outcome: 'edge-lost' });
});

it('a call that waited and was given up goes on where its edge asks after all', async () => {
  await world.pool();
  await world.grant({ callId });
  await world.allocate({ callId: 'call-2' });
  const since = world.nowMs;
  world.pass(20);
  await world.sweep();
  expect(await world.call('call-2')).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
  await world.pool();
  expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'waiting', ahead: 0 });
  expect(await world.call('call-2')).toMatchObject({ state: 'waiting', waitingSince: since });
  await world.register({ username: managed(2), contacts: [{ uri: 'sip:gw@10.0.0.9', expiresSec: 60 }] });
  expect(await world.allocate({ callId: 'call-2' })).toMatchObject({
    result: 'granted',
    username: managed(2),
  });
  await world.say(world.answered('call-2', managed(2)));
  await world.say(world.ended('call-2', managed(2)));
  expect(counted()).toEqual({ 'edge-lost': 0, answered: 1 });
});
