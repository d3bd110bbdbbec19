import { describe, expect, it } from 'vitest';
import { FleetSuite } from './suite.ts';

const suite = new FleetSuite();

describe('a task', () => {
  it('that dies before it registers counts as a failed start, and another is started', async () => {
    const world = await suite.open({ minFree: 1 });
    await world.run();
    const stopped = world.ecs.stop(world.ecs.only.taskId, {
      stopCode: 'EssentialContainerExited',
      exitCode: 1,
    });
    await world.event(stopped);
    await world.event(stopped);
    expect(await world.run('task STOPPED')).toMatchObject({ ended: 1, failed: 1, started: 1, managed: 1 });
    expect((await world.state()).recentStarts).toMatchObject({ consecutiveFailures: 1 });
  });

  it('whose events come late and twice stands as its newest says', async () => {
    const world = await suite.open({ minFree: 1 });
    await world.run();
    const { taskId, startId } = world.ecs.only;
    const running = world.ecs.change(taskId, { lastStatus: 'RUNNING', startedAt: world.nowMs });
    const stopped = world.ecs.stop(taskId);
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
    const { world, gateways } = await suite.settled({ minFree: 1 });
    const [username] = gateways as [string];
    world.ecs.stop(username.split('.')[0] as string);
    world.pass(301);
    await world.run();
    expect(await world.gateway(username)).toBeUndefined();
    await world.run();
    expect(await world.state()).toMatchObject({ managed: 1, starting: 1 });
  });

  it('is expected when the policy says that starts end, and then when they have ended so far', async () => {
    const world = await suite.open({ minFree: 1 });
    await world.run();
    expect(await world.state()).toMatchObject({ estimateSec: 90 });
    world.pass(40);
    await world.run();
    expect(await world.state()).toMatchObject({ estimateSec: 50 });
  });

  it('that never registers is stopped after ten minutes, and counts until it has', async () => {
    const world = await suite.open({ minFree: 1, max: 1 });
    await world.run();
    const { taskId } = world.ecs.only;
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
    const { world, gateways } = await suite.settled({ minFree: 1 });
    const { startId } = world.ecs.only;
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
    const { world, gateways } = await suite.settled({ minFree: 1 });
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
    const { world } = await suite.settled({ minFree: 1 });
    const { username } = await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', username));
    const taskId = username.split('.')[0] as string;
    const stopped = world.ecs.stop(taskId, { stoppedReason: 'Host EC2 terminated' });
    await world.event(stopped);
    await world.event(stopped);
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-lost' });
    expect(await world.gateway(username)).toBeUndefined();
  });
});
