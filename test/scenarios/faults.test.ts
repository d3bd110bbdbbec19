import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasTool } from '../support/process/tools.ts';
import { Sipp } from '../support/sipp.ts';
import { until } from '../support/until.ts';
import { Parties } from './support/parties.ts';
import { SippGateway } from './support/sipp-gateway.ts';
import { Stack } from './support/stack.ts';

/* What breaks under a call, and what the caller, the gateway and the table see of it. */

let stack: Stack;
let parties: Parties;

async function start(...args: string[]): Promise<void> {
  stack = await Stack.start(...args);
  parties = new Parties(stack);
}

afterEach(async () => {
  await parties?.close();
  await stack?.stop();
});

/** Plays a scenario over UDP and TCP at the same time. */
async function playOnBoth(scenario: string): Promise<void> {
  const options = { scenario, target: stack.sip, service: 'room12', keys: { domain: stack.domain } };
  const played = (['udp', 'tcp'] as const).map(async (transport) =>
    (await Sipp.start({ ...options, transport })).succeeded(),
  );
  await Promise.all(played);
}

const unavailable = {
  status: 503,
  reason: expect.stringContaining('control-plane-unavailable'),
  retryAfter: expect.stringMatching(/^\d+$/),
};

describe('the table engine', () => {
  beforeEach(() => start());

  it('hangs: callers get 503 with Retry-After and the cause in log and Reason; then it goes on', async () => {
    const { username } = await parties.gateway();
    stack.kill('table engine', 'SIGSTOP');
    const callId = 'while-the-table-hangs';
    expect(await parties.refused('room12', callId)).toEqual(unavailable);
    if (hasTool('sipp')) {
      await playOnBoth('caller/control-plane-unavailable-503');
      // Three commands in a row have failed: peers are told not to send calls here.
      await playOnBoth('caller/options-control-plane-unavailable-503');
    }
    stack.kill('table engine', 'SIGCONT');
    await stack.untilLogged(callId, 'control-plane-unavailable');
    // The lock that was asked for may have been written late: it is released, not leaked.
    await stack.untilGateway(username, 'free');
    await (await parties.connect()).hangUp();
  });

  it('is killed: it is started again, and gateways that register anew serve calls', async () => {
    const before = Date.now();
    stack.kill('table engine');
    await stack.untilRestarted('table engine', before);
    const { username } = await until('a gateway can register', () =>
      parties.gateway().catch(() => undefined),
    );
    await stack.untilGateway(username, 'free');
    const session = await parties.connect();
    await session.hangUp();
  });
});

describe('a function', () => {
  it('that throws: callers get 503 with Retry-After, and the cause stands in the log', async () => {
    // The register function is asked to allocate, which it does not understand.
    await start('--edge', 'ALLOCATE_FUNCTION=Switchroom-register');
    const { username } = await parties.gateway();
    expect(await parties.refused('room12', 'while-it-throws')).toEqual(unavailable);
    await stack.untilLogged('while-it-throws', 'control-plane-unavailable');
    expect((await stack.gateway(username))?.state).toBe('free');
  });

  it('that is not there: REGISTER gets 503 with Retry-After', async () => {
    await start('--edge', 'REGISTER_FUNCTION=Switchroom-nobody');
    stack.expectedDenial = /lambda:InvokeFunction on resource: .*:Switchroom-nobody$/;
    await expect(parties.gateway()).rejects.toMatchObject({ status: 503 });
    expect(await stack.gateways()).toEqual([]);
  });
});

describe('the outbox', () => {
  it('cannot be written: the call goes on, and what happened is told in the end', async () => {
    await start('--after-call', 'stop');
    const { username } = await parties.gateway();
    const limit = (bytes: string) =>
      execFileSync('prlimit', ['--pid', String(stack.pidOf('edge')), `--fsize=${bytes}`]);
    limit('0:unlimited');
    const session = await parties.connect();
    await session.hangUp();
    await stack.untilGateway(username, 'gone');
    limit('unlimited');
    await parties.gateway();
    await (await parties.connect()).hangUp();
    await stack.untilCall(session.dialog.callId, { state: 'ended', outcome: 'answered' });
  });
});

describe.runIf(hasTool('sipp'))('the edge application is killed while a call rings', () => {
  it.each(['udp', 'tcp'] as const)(
    'and the caller over %s gets 503, the gateway CANCEL, before it is free for others',
    async (transport) => {
      await start();
      const { username, sipp } = await SippGateway.register(stack, transport, 'rings-until-cancelled-487');
      const call = { target: stack.sip, service: 'room12', keys: { domain: stack.domain } };
      const caller = await Sipp.start({ scenario: 'caller/edge-lost-503', transport, ...call });
      await caller.logged('hears it ring');
      const before = Date.now();
      stack.kill('edge');
      await stack.untilRestarted('edge', before);
      await caller.succeeded();
      await sipp.logged('done');
      await stack.untilGateway(username, 'free');
      await sipp.kill();
    },
  );
});

describe.each(['caller', 'gateway'] as const)(
  'the edge application is killed in mid-call, and the %s hangs up',
  (who) => {
    it('which ends the other side, and the location', async () => {
      await start();
      const { username, answered } = await parties.gateway();
      const caller = await parties.connect();
      const gateway = await answered;
      await stack.untilGateway(username, 'busy');
      const before = Date.now();
      stack.kill('edge');
      await stack.untilRestarted('edge', before);
      expect([caller.over, gateway.over]).toEqual([false, false]);
      expect((await stack.gateway(username))?.state).toBe('busy');

      const [leaving, left] = who === 'caller' ? [caller, gateway] : [gateway, caller];
      await leaving.hangUp();
      await left.ended;
      await stack.untilGateway(username, 'gone');
      await stack.untilCall(caller.dialog.callId, { state: 'ended' });
    });
  },
);

describe('the SIP server is killed in mid-call', () => {
  it('nothing stays locked, the task of the gateway is stopped, and a new call goes through', async () => {
    await start('--min-free', '1', '--max', '1', '--gateway-kind', 'node');
    const [gateway] = await stack.gateways();
    const username = gateway?.username ?? '';
    const session = await parties.connect();
    await stack.untilGateway(username, 'busy');
    const before = Date.now();
    stack.kill('SIP server');
    await stack.untilRestarted(process.env.DRACHTIO ? 'drachtio' : 'SIP server', before);
    await session.ended;
    await stack.untilGateway(username, 'gone');
    await stack.process.event('task.stopped', ({ taskId }) => username.startsWith(String(taskId)));
    await stack.untilCall(session.dialog.callId, { state: 'ended', outcome: 'edge-lost' });

    const next = await until('a fresh gateway', async () =>
      (await stack.gateways()).find(({ state }) => state === 'free'),
    );
    expect(next.username).not.toBe(username);
    expect(await stack.gateways()).toHaveLength(1);
    await (await parties.connect()).hangUp();
    await stack.untilGateway(next.username, 'gone');
  });
});
