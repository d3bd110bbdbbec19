import { describe, expect, it } from 'vitest';
import type { FleetWorld } from './fleet-world.ts';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

/** From now on the policy wants so many free gateways, all week. */
function want(world: FleetWorld, unlockedMin: number, more: object = {}): void {
  const week = Array.from({ length: 7 }, () => [{ fromSec: 0, unlockedMin, loadMax: 1 }]);
  Object.assign(world.fleet, { policy: { ...world.fleet.policy, week, ...more } });
}

describe('a drain', () => {
  it('takes free gateways, those registered longest first, and none that is locked', async () => {
    const { world, gateways } = await suite.settled({ minFree: 0, max: 4 });
    expect(gateways).toEqual([]);
    const inOrder: string[] = [];
    for (const wanted of [1, 2, 3]) {
      want(world, wanted);
      await world.run();
      inOrder.push(...(await world.registerAll()));
      await world.passRefreshing(1);
    }
    const { username: locked } = await world.grant({ callId: 'call-1' });
    want(world, 1);
    await world.run();
    await world.passRefreshing(59);
    await world.run();
    expect(world.stopped).toEqual([]);
    await world.passRefreshing(2);
    await world.run();
    const [oldest] = inOrder.filter((one) => one !== locked);
    expect(world.stopped).toEqual([oldest?.split('.')[0]]);
    await world.leaveAll();
    expect(await world.gateway(locked)).toMatchObject({ state: 'locked' });
    expect(await world.state()).toMatchObject({ managed: 2 });
  });

  it('never takes what a call takes at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { world } = await suite.settled({ minFree: 4, max: 4 });
      want(world, 0, { drainAfterSec: 0 });
      const [, ...answers] = await Promise.all([
        world.run(),
        ...[1, 2, 3].map((call) => world.allocate({ callId: `call-${call}` })),
      ]);
      for (const one of answers) {
        if (one.result !== 'granted') continue;
        expect(world.stopped).not.toContain(one.username.split('.')[0]);
        expect(await world.gateway(one.username)).toMatchObject({ state: 'locked' });
      }
    }
  });

  it('never takes a gateway that somebody else started', async () => {
    const world = await suite.open({ minFree: 0, max: 0 });
    await world.register({
      username: '10.0.0.7.mediagw.3',
      contacts: [{ uri: 'sip:x@y', expiresSec: 3600 }],
    });
    for (let minute = 0; minute < 5; minute += 1) {
      await world.run();
      world.pass(60);
    }
    expect(world.stopped).toEqual([]);
    expect(await world.gateway('10.0.0.7.mediagw.3')).toMatchObject({ state: 'free' });
  });
});
