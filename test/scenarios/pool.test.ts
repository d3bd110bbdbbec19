import { afterEach, describe, expect, it } from 'vitest';
import { reads } from '../../contracts/api/routes.ts';
import type { OutgoingCall } from '../../local/user-agent/outgoing-call.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { until } from '../support/until.ts';
import { Stack } from './support/stack.ts';

/* Gateways on demand, as somebody sees them who runs `npm start -- --min-free 0 --start-delay …`. */

let stack: Stack | undefined;
const agents: UserAgent[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await stack?.stop();
  stack = undefined;
});

const start = async (...args: string[]) => {
  stack = await Stack.start('--gateway-kind', 'node', ...args);
  return stack;
};

async function place(of: Stack, room = 'room1'): Promise<{ call: OutgoingCall; progress: number[] }> {
  const bind = { address: '127.0.0.1', port: 0 };
  const agent = await UserAgent.open({ server: of.server, protocol: 'udp', bind });
  agents.push(agent);
  const progress: number[] = [];
  const call = agent.call({
    uri: `sip:${room}@${of.domain}`,
    from: 'sip:alice@example.org',
    media: 'tone',
    onProgress: ({ status }) => progress.push(status),
  });
  return { call, progress };
}

describe('a pool that is empty', () => {
  it('rings, starts a gateway for the call, and has the call answered by it', async () => {
    const of = await start('--min-free', '0', '--max', '3', '--start-delay', '3s');
    const { call, progress } = await place(of);
    const outcome = await call.result;
    expect(outcome.result).toBe('answered');
    expect(progress).toContain(180);
    expect(of.process.events.filter(({ event }) => event === 'task.starting')).toHaveLength(1);

    const api = await of.api();
    expect(await api.list(reads.listDecisions, 10)).toMatchObject({
      items: [{ action: 'start', done: 1, waiting: 1, callId: call.callId, reason: { rule: 'short' } }],
    });
    const one = await until('the start is shown as registered, with what its task told', async () => {
      const [start] = (await api.list(reads.listStarts, 1)).items;
      return start?.state === 'registered' && start.pullingSec !== undefined ? start : undefined;
    });
    expect(one).toMatchObject({ why: 'short', callId: call.callId });
    // The phases of a start of 3 s, as the events of its task tell them.
    expect(one.pullingSec).toBeGreaterThan(1.5);
    expect(one.totalSec).toBeGreaterThan(3);
    if (outcome.result === 'answered') await outcome.session.hangUp();
    await of.process.event('task.stopped');
  });
});

describe('a gateway that is gone in mid-call', () => {
  it('ends the call and the leg of its caller, and leaves no location', async () => {
    const of = await start('--min-free', '1', '--max', '1');
    const { call } = await place(of);
    const outcome = await call.result;
    if (outcome.result !== 'answered') throw new Error(`the call was ${outcome.result}`);
    const { username } = (await of.gateways())[0] as { username: string };
    const taskId = username.split('.')[0] as string;
    for (const pid of of.process.processesWith(`/v4/${taskId}`)) process.kill(pid, 'SIGKILL');
    await outcome.session.ended;
    await until('the call is over in the table', async () => (await of.call(call.callId))?.state === 'ended');
    expect(await of.call(call.callId)).toMatchObject({ outcome: 'gateway-lost' });
    expect((await of.gateways()).map((one) => one.username)).not.toContain(username);
  });
});

describe('starts that fail', () => {
  it('half of the time still bring as many gateways as are wanted', async () => {
    const options = '--min-free 2 --max 4 --start-failure-rate 0.4 --start-delay 200ms';
    const of = await start(...options.split(' '));
    expect((await of.gateways()).length).toBeGreaterThanOrEqual(2);
  });
});
