import { describe, expect, it } from 'vitest';
import type { MetricName } from '../../../contracts/metrics.ts';
import { measurePool } from '../../../lambdas/functions/calls/measure-pool.ts';
import { newWorld, useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

useWorld();

const contacts = (n: number, expiresSec = 3600) => [{ uri: `sip:gw@10.0.0.${n}`, expiresSec }];
const measured = (name: MetricName) => world.measured.filter((one) => one.name === name);
const beat = () => world.hangups('edge-1', { leaseSec: 600 });

/** The facts of a call that rang for 2 s after a wait of 1 s and lasted a minute, without being said. */
async function factsOfCall(callId: string) {
  await world.register({ username: managed(1), contacts: contacts(1) });
  const receivedAt = world.nowMs;
  world.pass(1);
  const { username: gateway } = await world.grant({ callId });
  world.pass(2);
  const answered = world.answered(callId, gateway, { receivedAt });
  world.pass(60);
  const ended = world.ended(callId, gateway);
  return { answered, ended };
}

describe('a call', () => {
  it.each(['in order', 'in reverse', 'twice'])('is measured once, its facts told %s', async (how) => {
    const { answered, ended } = await factsOfCall('call-1');
    const inOrder = [answered, ended];
    const told =
      how === 'in order' ? inOrder : how === 'in reverse' ? inOrder.reverse() : [...inOrder, ...inOrder];
    for (const fact of told) await world.say(fact);
    expect(measured('Calls')).toEqual([{ name: 'Calls', value: 1, outcome: 'answered', at: ended.at }]);
    expect(measured('SetupTime')).toEqual([{ name: 'SetupTime', value: 3000, at: answered.at }]);
    expect(measured('WaitTime')).toMatchObject([{ value: 1000 }]);
    expect(measured('CallLength')).toMatchObject([{ value: 60 }]);
  });

  it('that never got a gateway counts by its outcome, and has no length', async () => {
    const failed = world.fact({
      type: 'call.failed',
      callId: 'call-2',
      outcome: 'pool-exhausted',
      failed: [],
    });
    await world.say(failed);
    await world.say(failed);
    expect(world.measured).toEqual([{ name: 'Calls', value: 1, outcome: 'pool-exhausted', at: world.nowMs }]);
  });

  it('whose edge is lost is counted by the sweep', async () => {
    const { answered } = await factsOfCall('call-3');
    await world.hangups('edge-1', { leaseSec: 15 });
    await world.say(answered);
    world.pass(20);
    await world.sweep();
    await world.sweep();
    expect(measured('Calls')).toMatchObject([{ outcome: 'edge-lost' }]);
  });
});

describe('the count of the pool', () => {
  const count = async () => {
    const counts = await measurePool(world.deps);
    return Object.fromEntries(counts.map(({ name, value }) => [name, value]));
  };

  it('tells free, locked and busy gateways apart', async () => {
    await beat();
    for (const n of [1, 2, 3, 4]) await world.register({ username: managed(n), contacts: contacts(n) });
    await world.grant({ callId: 'locked' });
    const { username: gateway } = await world.grant({ callId: 'busy' });
    await world.say(world.answered('busy', gateway));
    const counts = { RegisteredGateways: 4, FreeGateways: 2, LockedGateways: 1, BusyGateways: 1 };
    expect(await count()).toEqual(counts);
    // A lock that nobody confirmed is one while its call may have the gateway all the same.
    world.pass(121);
    expect(await count()).toEqual(counts);
  });

  it('leaves out a gateway that stopped registering, and clears it away', async () => {
    await world.register({ username: managed(1), contacts: contacts(1, 60) });
    await world.register({ username: managed(2), contacts: contacts(2) });
    world.pass(61);
    expect(await count()).toMatchObject({ RegisteredGateways: 1, FreeGateways: 1 });
    expect(await world.gateway(managed(1))).toBeUndefined();
  });

  it('goes on over many pages', async () => {
    await Promise.all(
      Array.from({ length: 130 }, (_, n) => world.register({ username: managed(n), contacts: contacts(1) })),
    );
    expect(await count()).toMatchObject({ FreeGateways: 130 });
  });
});

describe('allocation', () => {
  it('counts the gateways that others had first', async () => {
    for (const n of [1, 2, 3]) await world.register({ username: managed(n), contacts: contacts(n) });
    await Promise.all(['a', 'b', 'c'].map((callId) => world.grant({ callId })));
    world.measured.length = 0;
    await world.register({ username: managed(4), contacts: contacts(4) });
    await world.grant({ callId: 'd' });
    expect(measured('AllocationConflicts')).toEqual([]);
    // Two callers with one gateway: whoever comes second has lost a race, or found the index empty.
    await newWorld({ random: () => 0 });
    await world.register({ username: managed(1), contacts: contacts(1) });
    await Promise.all(['e', 'f', 'g', 'h'].map((callId) => world.allocate({ callId })));
    expect(measured('AllocationConflicts').length).toBeGreaterThan(0);
  });
});
