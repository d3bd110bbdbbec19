import { describe, expect, it } from 'vitest';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

describe('starts that ECS does not take', () => {
  it('are tried in each zone, and counted off; after five in a row the pool holds back and tries now and then', async () => {
    const world = await suite.open({ minFree: 1 });
    world.ecs.answer = () => 'refuses';
    await world.run();
    // In any zone, then in each.
    expect(world.ecs.asked).toHaveLength(3);
    expect(new Set(world.ecs.asked).size).toBe(3);
    for (let minute = 0; minute < 10; minute += 1) {
      world.pass(1);
      await world.run();
    }
    expect(world.ecs.asked).toHaveLength(15);
    expect(await world.state()).toMatchObject({
      managed: 0,
      starts: [],
      startsFailing: true,
      mayGrow: false,
    });
    world.pass(61);
    expect(await world.run()).toMatchObject({ rule: 'breaker-trial', started: 1, failed: 1 });
    world.pass(61);
    // The pause has doubled.
    expect(await world.run()).toMatchObject({ rule: 'breaker-open', started: 0 });
    world.ecs.answer = () => 'takes';
    world.pass(61);
    await world.run();
    await world.registerAll();
    expect(await world.state()).toMatchObject({ managed: 1, startsFailing: false });
  });

  it('in one zone only are taken in another', async () => {
    const world = await suite.open({ minFree: 1 });
    world.ecs.answer = ({ refusals }) => (refusals < 2 ? 'refuses' : 'takes');
    expect(await world.run()).toMatchObject({ started: 1, failed: 0, managed: 1 });
    expect(world.ecs.tasks.size).toBe(1);
  });

  it('for being too many at once are asked for again by the same token, later, and are one task', async () => {
    const world = await suite.open({ minFree: 1 });
    world.ecs.answer = () => 'throttles';
    await world.run();
    await world.run();
    expect(world.ecs.asked).toHaveLength(1);
    expect(await world.state()).toMatchObject({ managed: 1, starting: 1 });
    world.ecs.answer = () => 'takes';
    world.pass(10);
    await world.run();
    expect(new Set(world.ecs.asked).size).toBe(1);
    expect(world.ecs.tasks.size).toBe(1);
  });

  it('and throttled for ever are given up, never more of them than the minimum', async () => {
    const world = await suite.open({ minFree: 3, max: 3 });
    world.ecs.answer = () => 'throttles';
    for (let minute = 0; minute < 30; minute += 1) {
      await world.run();
      world.pass(60);
      expect((await world.state()).managed).toBeLessThanOrEqual(3);
    }
    expect(world.ecs.tasks.size).toBe(0);
    expect(await world.state()).toMatchObject({ startsFailing: true });
  });
});
