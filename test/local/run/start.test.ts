import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { SwitchroomProcess } from '../../support/process/switchroom-process.ts';
import { until } from '../../support/until.ts';
import { answers, dynamoDb, expectNothingLeft, portOf, start } from './support/run.ts';

describe('npm start', () => {
  it('says where it listens once its gateways are registered, and leaves nothing on Ctrl-C', async () => {
    const run = start(['--min-free', '2', '--domain', 'rooms.test']);
    const ready = await run.ready();
    expect(ready).toMatchObject({ domain: 'rooms.test', minFree: 2, sipServer: 'embedded' });
    expect(await answers(portOf(ready.sip))).toBe(true);
    const registered = run.events.filter(({ event }) => event === 'gateway.registered');
    expect(new Set(registered.map(({ username }) => username)).size).toBe(2);
    expect(JSON.parse(readFileSync(run.runFile, 'utf8'))).toMatchObject({
      pid: run.child.pid,
      domain: 'rooms.test',
    });

    expect(await run.stop('SIGINT')).toEqual({ code: 0, signal: null });
    const left = run.events.filter(({ event }) => event === 'gateway.unregistered');
    expect(new Set(left.map(({ username }) => username)).size).toBe(2);
    await expectNothingLeft(run, ready);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('stops on %s as on Ctrl-C', async (signal) => {
    const run = start(['--min-free', '0', '--max', '0']);
    const ready = await run.ready();
    expect((await run.stop(signal)).code).toBe(0);
    await expectNothingLeft(run, ready);
  });

  it('can be stopped while it starts', async () => {
    const run = start(['--min-free', '1', '--max', '1']);
    await until('it has begun', () => run.processes().length > 0);
    expect((await run.stop('SIGINT')).code).toBe(0);
    await expectNothingLeft(run);
  });

  it('killed outright, leaves no process and no file', async () => {
    const run = start(['--min-free', '1', '--max', '1']);
    const ready = await run.ready();
    expect(run.processes().length).toBeGreaterThan(3);
    await run.stop('SIGKILL');
    await expectNothingLeft(run, ready);
  });

  it('replaces a gateway that ends', async () => {
    const run = start(['--min-free', '1', '--max', '1']);
    await run.ready();
    const [first] = run.events.filter(({ event }) => event === 'task.running');
    const logs = String((await run.ready()).logDir);
    expect(existsSync(join(logs, `task-${first?.taskId}.log`))).toBe(true);
    for (const pid of run.processesWith(`/v4/${first?.taskId}`)) process.kill(pid, 'SIGKILL');
    await run.event('task.stopped', ({ taskId }) => taskId === first?.taskId);
    await run.event(
      'gateway.registered',
      ({ username }) => !String(username).startsWith(String(first?.taskId)),
    );
  });

  it.each([
    ['SIP server', 'sip-server/main.ts'],
    ['edge', 'sip-edge/main.mjs'],
    ['table engine', 'dynoxide'],
  ])('starts a dead %s again and says so', async (name, file) => {
    const run = start(['--min-free', '0', '--max', '0']);
    await run.ready();
    const victim = run.processes().find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(file));
    process.kill(victim as number, 'SIGKILL');
    await run.event('process.died', (event) => event.name === name);
    await run.event('process.restarted', (event) => event.name === name);
    const { outputs } = await run.ready();
    const lookup = { TableName: (outputs as Record<string, string>).TableName, Key: { pk: { S: 'x' } } };
    await eventually(async () => {
      expect(await dynamoDb(run, 'GetItem', lookup)).toMatchObject({ status: 200 });
    });
  });

  it('is killed by a second Ctrl-C, and leaves nothing all the same', async () => {
    const run = start(['--min-free', '1', '--max', '1', '--set', 'gatewayStopTimeoutSec=120']);
    const ready = await run.ready();
    for (const pid of run.processesWith('ECS_CONTAINER_METADATA_URI_V4')) process.kill(pid, 'SIGSTOP');
    run.child.kill('SIGINT');
    await run.event('task.stopping');
    // The one that npm sends beside the terminal's own, at once, is none.
    run.child.kill('SIGINT');
    expect(run.processes().length).toBeGreaterThan(0);
    const second = setInterval(() => run.child.kill('SIGINT'), 1000);
    expect((await run.exited).code).toBe(0);
    clearInterval(second);
    await expectNothingLeft(run, ready);
  });

  it('ends with npm, which is told by SIGTERM, and leaves nothing', async () => {
    // npm would leave a cache of compiled code in the temporary folder.
    const run = new SwitchroomProcess([], { NODE_DISABLE_COMPILE_CACHE: '1' }, [
      'npm',
      '--silent',
      'start',
      '--',
    ]);
    onTestFinished(() => run.dispose());
    const ready = await run.ready();
    await run.stop('SIGTERM');
    await expectNothingLeft(run, ready);
  });

  it('kills a gateway that ignores SIGTERM when its time is over', async () => {
    const run = start(['--min-free', '1', '--max', '1', '--set', 'gatewayStopTimeoutSec=2']);
    const ready = await run.ready();
    // Stopped in the literal sense: it cannot act on SIGTERM.
    for (const pid of run.processesWith('ECS_CONTAINER_METADATA_URI_V4')) process.kill(pid, 'SIGSTOP');
    expect((await run.stop('SIGINT')).code).toBe(0);
    await expectNothingLeft(run, ready);
  });
});
