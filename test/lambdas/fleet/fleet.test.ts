import { describe, expect, it } from 'vitest';
import { fleetLeaseMs } from '../../../lambdas/functions/fleet/deps.ts';
import { eventually } from '../../support/eventually.ts';
import type { FleetWorld } from './fleet-world.ts';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

/** A run that is killed at ECS: its request is never answered, and so it never goes on. */
async function killedRun(world: FleetWorld): Promise<void> {
  void world.run();
  await eventually(() => expect(world.ecs.requests).toBeGreaterThan(0));
}

describe('the pool', () => {
  it('starts its minimum, writes each start down with why, and counts it from then on', async () => {
    const world = await suite.open();
    expect(await world.run()).toMatchObject({ action: 'start', started: 2, managed: 2, starting: 2 });
    expect(await world.run()).toMatchObject({ action: 'none', rule: 'enough', managed: 2 });
    const { starts } = await world.state();
    expect(await world.task(starts[0] as string)).toMatchObject({ state: 'starting', why: 'short' });
    const usernames = await world.registerAll();
    expect(await world.state()).toMatchObject({ managed: 2, starting: 0, starts: [], mayGrow: true });
    expect(usernames).toHaveLength(2);
    expect(world.ecs.asked).toHaveLength(2);
  });

  it('replaces a gateway as it is locked, and counts the ended one off once', async () => {
    const { world, gateways } = await suite.settled({ minFree: 1 });
    const { username } = await world.grant({ callId: 'call-1' });
    expect(await world.run('call.offered')).toMatchObject({ action: 'start', started: 1 });
    await world.say(world.answered('call-1', username));
    await world.registerAll();
    await world.say(world.ended('call-1', username));
    expect(world.stopped).toEqual([gateways[0]?.split('.')[0]]);
    await world.leaveAll();
    await world.leaveAll();
    expect(await world.state()).toMatchObject({ managed: 1 });
  });

  it('never passes its maximum, however many call', async () => {
    const { world } = await suite.settled({ minFree: 3, max: 5 });
    for (let call = 1; call <= 5; call += 1) {
      await world.allocate({ callId: `call-${call}` });
      await world.run('call.offered');
      await world.registerAll();
    }
    expect(world.most).toBe(5);
    expect(await world.state()).toMatchObject({ managed: 5, maximum: 5, mayGrow: false });
  });

  it('is decided about by one at a time: the others leave word, and it looks again', async () => {
    const world = await suite.open({ minFree: 7 });
    const reports = await Promise.all(Array.from({ length: 12 }, () => world.run()));
    const decided = reports.filter(({ result }) => result === 'decided');
    expect(decided.length).toBeGreaterThan(0);
    expect(decided.length).toBeLessThan(12);
    expect(world.ecs.tasks.size).toBe(7);
    expect(await world.state()).toMatchObject({ managed: 7 });
    expect(await world.state()).not.toHaveProperty('holder');
  });

  it('reads as much for a thousand gateways in calls as for one', async () => {
    const sent = async (calls: number) => {
      const { world } = await suite.settled({ minFree: 1, max: 2000 });
      for (let i = 0; i < calls; i += 1) {
        await world.table.write({
          put: { pk: `GW#other-${i}`, username: `other-${i}`, state: 'busy', expiresAt: 9_999_999_999 },
        });
      }
      let requests = 0;
      const { table } = world;
      const counting = new Proxy(table, {
        get: (target, name) => {
          requests += 1;
          return Reflect.get(target, name);
        },
      });
      Object.assign(world.fleet, { table: counting });
      await world.run('call.offered');
      return requests;
    };
    expect(await sent(1000)).toBe(await sent(1));
  });

  it('is looked at once for all that happens within a moment, and at once after a quiet time', async () => {
    const { world } = await suite.settled();
    const pauses: number[] = [];
    const meanwhile: unknown[] = [];
    world.fleet.pause = async (ms) => {
      pauses.push(ms);
      meanwhile.push(await world.run('call.offered'), await world.run('call.ended'));
    };
    expect(await world.run('call.offered')).toMatchObject({ result: 'decided', looks: 1 });
    expect(pauses).toEqual([250]);
    expect(meanwhile).toEqual([{ result: 'left-to-another' }, { result: 'left-to-another' }]);
    world.pass(1);
    expect(await world.run('call.offered')).toMatchObject({ result: 'decided', looks: 1 });
    expect(pauses).toHaveLength(1);
  });
});

describe('a function that is killed', () => {
  it('between the record of a start and its request leaves a start that the next run asks for', async () => {
    const world = await suite.open({ minFree: 1 });
    world.ecs.answer = () => 'never asked';
    await killedRun(world);
    world.ecs.answer = () => 'takes';
    expect(await world.run()).toMatchObject({ result: 'left-to-another' });
    world.nowMs += fleetLeaseMs + 1;
    expect(await world.run()).toMatchObject({ result: 'decided', started: 0, managed: 1, starting: 1 });
    expect(world.ecs.tasks.size).toBe(1);
  });

  it('between the request of a start and its answer leaves one task, not two', async () => {
    const world = await suite.open({ minFree: 1 });
    world.ecs.answer = () => 'lost';
    await killedRun(world);
    world.ecs.answer = () => 'takes';
    world.nowMs += fleetLeaseMs + 1;
    await world.run();
    expect(world.ecs.tasks.size).toBe(1);
    await world.registerAll();
    expect(await world.state()).toMatchObject({ managed: 1, starting: 0 });
  });
});
