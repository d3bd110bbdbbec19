import { describe, expect, it } from 'vitest';
import type { EcsTask } from '../../../lambdas/domain/fleet/task.ts';
import { fleetLeaseMs } from '../../../lambdas/functions/fleet/deps.ts';
import { eventually } from '../../support/eventually.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { type FleetOptions, FleetWorld } from './fleet-world.ts';

const engine = useTestTable();

const newWorld = async (options?: FleetOptions) =>
  new FleetWorld(engine.client, await engine.createTable(), options);

/** A pool whose free gateways are registered. */
async function settled(options?: FleetOptions): Promise<{ world: FleetWorld; gateways: string[] }> {
  const world = await newWorld(options);
  await world.run();
  return { world, gateways: await world.registerAll() };
}

const answer = (world: FleetWorld, callId: string, gateway: string) =>
  world.say(world.answered(callId, gateway));

/** A run that is killed at ECS: its request is never answered, and so it never goes on. */
async function killedRun(world: FleetWorld): Promise<void> {
  void world.run();
  await eventually(() => expect(world.ecs.requests).toBeGreaterThan(0));
}

describe('the pool', () => {
  it('starts its minimum, writes each start down with why, and counts it from then on', async () => {
    const world = await newWorld();
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
    const { world, gateways } = await settled({ minFree: 1 });
    const { username } = await world.grant({ callId: 'call-1' });
    expect(await world.run('call.offered')).toMatchObject({ action: 'start', started: 1 });
    await answer(world, 'call-1', username);
    await world.registerAll();
    await world.say(world.ended('call-1', username));
    expect(world.stopped).toEqual([gateways[0]?.split('.')[0]]);
    await world.leaveAll();
    await world.leaveAll();
    expect(await world.state()).toMatchObject({ managed: 1 });
  });

  it('never passes its maximum, however many call', async () => {
    const { world } = await settled({ minFree: 3, max: 5 });
    for (let call = 1; call <= 5; call += 1) {
      await world.allocate({ callId: `call-${call}` });
      await world.run('call.offered');
      await world.registerAll();
    }
    expect(world.most).toBe(5);
    expect(await world.state()).toMatchObject({ managed: 5, maximum: 5, mayGrow: false });
  });

  it('is decided about by one at a time: the others leave word, and it looks again', async () => {
    const world = await newWorld({ minFree: 7 });
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
      const { world } = await settled({ minFree: 1, max: 2000 });
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
    const { world } = await settled();
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

describe('starts that ECS does not take', () => {
  it('are tried in each zone, and counted off; after five in a row the pool holds back and tries now and then', async () => {
    const world = await newWorld({ minFree: 1 });
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
    const world = await newWorld({ minFree: 1 });
    world.ecs.answer = ({ refusals }) => (refusals < 2 ? 'refuses' : 'takes');
    expect(await world.run()).toMatchObject({ started: 1, failed: 0, managed: 1 });
    expect(world.ecs.tasks.size).toBe(1);
  });

  it('for being too many at once are asked for again by the same token, later, and are one task', async () => {
    const world = await newWorld({ minFree: 1 });
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
    const world = await newWorld({ minFree: 3, max: 3 });
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

describe('a task', () => {
  it('that dies before it registers counts as a failed start, and another is started', async () => {
    const world = await newWorld({ minFree: 1 });
    await world.run();
    const [task] = world.ecs.running();
    const stopped = world.ecs.change(task?.taskId as string, {
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      exitCode: 1,
    });
    await world.event(stopped);
    await world.event(stopped);
    expect(await world.run('task STOPPED')).toMatchObject({ ended: 1, failed: 1, started: 1, managed: 1 });
    expect((await world.state()).recentStarts).toMatchObject({ consecutiveFailures: 1 });
  });

  it('whose events come late and twice stands as its newest says', async () => {
    const world = await newWorld({ minFree: 1 });
    await world.run();
    const [{ taskId, startId }] = world.ecs.running() as unknown as [EcsTask & { startId: string }];
    const running = world.ecs.change(taskId, { lastStatus: 'RUNNING', startedAt: world.nowMs });
    const stopped = world.ecs.change(taskId, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    await world.event(stopped);
    await world.event(running);
    await world.event(stopped);
    expect(await world.task(startId)).toMatchObject({ state: 'stopped' });
    await world.run();
    await world.event(running);
    expect(await world.task(startId)).toMatchObject({ state: 'stopped' });
    expect(await world.state()).toMatchObject({ managed: 1 });
  });

  it('whose end is never told is found within minutes, and its location is gone', async () => {
    const { world, gateways } = await settled({ minFree: 1 });
    const [username] = gateways as [string];
    world.ecs.change(username.split('.')[0] as string, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED' });
    world.pass(301);
    await world.run();
    expect(await world.gateway(username)).toBeUndefined();
    await world.run();
    expect(await world.state()).toMatchObject({ managed: 1, starting: 1 });
  });

  it('that never registers is stopped after ten minutes, and counts until it has', async () => {
    const world = await newWorld({ minFree: 1, max: 1 });
    await world.run();
    const [{ taskId }] = world.ecs.running() as unknown as [EcsTask];
    world.pass(599);
    await world.run();
    expect(world.stopped).toEqual([]);
    world.pass(2);
    await world.run();
    expect(world.stopped).toEqual([taskId]);
    expect(await world.state()).toMatchObject({ managed: 1 });
    await world.leaveAll();
    expect((await world.state()).recentStarts).toMatchObject({ consecutiveFailures: 1 });
    expect(world.most).toBe(1);
  });

  it('whose record is lost is found by the list of the cluster, and counts again', async () => {
    const { world, gateways } = await settled({ minFree: 1 });
    const [{ startId }] = world.ecs.running() as unknown as [EcsTask & { startId: string }];
    await world.table.write({ delete: `TASK#${startId}`, when: () => 'attribute_exists(pk)' });
    world.pass(30);
    await world.register({
      username: gateways[0] as string,
      registrationId: gateways[0]?.split('.')[0] as string,
      cseq: 2,
    });
    world.pass(271);
    await world.run();
    expect(await world.task(startId)).toMatchObject({ why: 'found' });
    expect(world.stopped).toEqual([]);
  });

  it('that runs on when its gateway is registered no more is stopped, a restart of it given time', async () => {
    const { world, gateways } = await settled({ minFree: 1 });
    const [username] = gateways as [string];
    await world.unregister({ username, registrationId: username.split('.')[0] as string });
    world.pass(301);
    await world.run();
    expect(world.stopped).toEqual([]);
    world.pass(301);
    await world.run();
    expect(world.stopped).toEqual([username.split('.')[0]]);
  });

  it('that stops in a call ends the call, and takes its location with it', async () => {
    const { world } = await settled({ minFree: 1 });
    const { username } = await world.grant({ callId: 'call-1' });
    await answer(world, 'call-1', username);
    const taskId = username.split('.')[0] as string;
    const stopped = world.ecs.change(taskId, {
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stoppedReason: 'Host EC2 terminated',
    });
    await world.event(stopped);
    await world.event(stopped);
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-lost' });
    expect(await world.gateway(username)).toBeUndefined();
  });
});

describe('a function that is killed', () => {
  it('between the record of a start and its request leaves a start that the next run asks for', async () => {
    const world = await newWorld({ minFree: 1 });
    world.ecs.answer = () => 'never asked';
    await killedRun(world);
    world.ecs.answer = () => 'takes';
    expect(await world.run()).toMatchObject({ result: 'left-to-another' });
    world.nowMs += fleetLeaseMs + 1;
    expect(await world.run()).toMatchObject({ result: 'decided', started: 0, managed: 1, starting: 1 });
    expect(world.ecs.tasks.size).toBe(1);
  });

  it('between the request of a start and its answer leaves one task, not two', async () => {
    const world = await newWorld({ minFree: 1 });
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

describe('a drain', () => {
  it('takes free gateways, those registered longest first, and none that is locked', async () => {
    const { world, gateways } = await settled({ minFree: 0, max: 4 });
    expect(gateways).toEqual([]);
    const { policy } = world.fleet;
    const wanting = (unlockedMin: number) =>
      Object.assign(world.fleet, {
        policy: {
          ...policy,
          week: Array.from({ length: 7 }, () => [{ fromSec: 0, unlockedMin, loadMax: 1 }]),
        },
      });
    const inOrder: string[] = [];
    for (const wanted of [1, 2, 3]) {
      wanting(wanted);
      await world.run();
      inOrder.push(...(await world.registerAll()));
      await world.passRefreshing(1);
    }
    const { username: locked } = await world.grant({ callId: 'call-1' });
    wanting(1);
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
      const { world } = await settled({ minFree: 4, max: 4 });
      const { policy } = world.fleet;
      Object.assign(world.fleet, {
        policy: {
          ...policy,
          drainAfterSec: 0,
          week: Array.from({ length: 7 }, () => [{ fromSec: 0, unlockedMin: 0, loadMax: 1 }]),
        },
      });
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
    const world = await newWorld({ minFree: 0, max: 0 });
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
