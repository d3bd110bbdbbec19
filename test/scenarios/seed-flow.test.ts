import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { IncomingCall } from '../../local/user-agent/incoming-call.ts';
import type { Registration } from '../../local/user-agent/registration.ts';
import type { Session } from '../../local/user-agent/session.ts';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { until } from '../support/until.ts';
import { newUsername } from './support/sipp-gateway.ts';
import { Stack, secret } from './support/stack.ts';

/* The call flow to reproduce, looked at in the table at each step. */

const run = promisify(execFile);
const protocols = ['udp', 'tcp'] as const;

/** A gateway that answers when it is told to. */
interface Gateway {
  username: string;
  registration: Registration;
  calls: IncomingCall[];
  called: Promise<IncomingCall>;
}

function addGateway(agent: UserAgent, domain: string, username = newUsername()): Gateway {
  const { promise, resolve: onCall } = Promise.withResolvers<IncomingCall>();
  const calls: IncomingCall[] = [];
  const registration = agent.addUser({ username, domain, password: secret, refresh: false }, (call) => {
    calls.push(call);
    onCall(call);
  });
  return { username, registration, calls, called: promise };
}

async function answeredSession(call: ReturnType<UserAgent['call']>): Promise<Session> {
  const outcome = await call.result;
  if (outcome.result !== 'answered') throw new Error(`not answered: ${JSON.stringify(outcome)}`);
  return outcome.session;
}

describe.each(['stop', 'reuse'] as const)('the flow of the seed with --after-call %s', (afterCall) => {
  let stack: Stack;
  const agents: UserAgent[] = [];

  beforeAll(async () => {
    stack = await Stack.start('--after-call', afterCall);
  });
  afterAll(() => stack?.stop());
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.close()));
    await stack.clearGateways();
  });

  async function open(protocol: 'udp' | 'tcp'): Promise<UserAgent> {
    const agent = await UserAgent.open({ server: stack.server, protocol });
    agents.push(agent);
    return agent;
  }

  const callFrom = (agent: UserAgent, room: string) =>
    agent.call({
      uri: `sip:${room}@${stack.domain}`,
      from: '"Room System" <sip:caller@endpoint.example>',
      media: 'none',
    });

  const stateOf = async (username: string) => (await stack.gateway(username))?.state ?? 'gone';

  async function upCall(protocol: 'udp' | 'tcp') {
    const gateways = await open(protocol);
    const gateway = addGateway(gateways, stack.domain);
    await gateway.registration.register();
    const call = callFrom(await open(protocol), 'seed');
    const incoming = await gateway.called;
    incoming.ring();
    const gatewaySession = await incoming.answer('none');
    if (!gatewaySession) throw new Error('the gateway could not answer');
    const callerSession = await answeredSession(call);
    await stack.untilGateway(gateway.username, 'busy');
    return { gateways, gateway, call, callerSession, gatewaySession };
  }

  it.each(protocols)('unlocked, locked, locked through a refresh, and then %s', async (protocol) => {
    const gateways = await open(protocol);
    const gateway = addGateway(gateways, stack.domain);
    expect(await gateway.registration.register()).toBe(60);
    expect(await stack.gateway(gateway.username)).toMatchObject({ state: 'free' });

    const call = callFrom(await open(protocol), 'room12');
    const incoming = await gateway.called;
    expect(incoming.from?.displayName).toBe('6-room12Room System');
    incoming.ring();
    expect(await stack.gateway(gateway.username)).toMatchObject({
      state: 'locked',
      call: { callId: call.callId },
    });
    await gateway.registration.register();
    expect(await stack.gateway(gateway.username)).toMatchObject({
      state: 'locked',
      call: { callId: call.callId },
    });

    const session = await incoming.answer('none');
    const callerSession = await answeredSession(call);
    await stack.untilGateway(gateway.username, 'busy');
    const before = await stack.gateway(gateway.username);
    await gateway.registration.register();
    const after = await stack.gateway(gateway.username);
    expect(after).toMatchObject({ state: 'busy', call: { callId: call.callId } });
    expect(Date.parse(after?.expiresAt ?? '')).toBeGreaterThanOrEqual(Date.parse(before?.expiresAt ?? ''));

    await callerSession.hangUp();
    expect(await session?.ended).toMatchObject({ by: 'remote', cause: 'bye' });
    await stack.untilGateway(gateway.username, afterCall === 'stop' ? 'gone' : 'free');
    await stack.untilCall(call.callId, { state: 'ended', outcome: 'answered', gateway: gateway.username });
  });

  it.each(protocols)('the gateway hangs up, over %s', async (protocol) => {
    const { gateway, callerSession, gatewaySession } = await upCall(protocol);
    await gatewaySession.hangUp();
    expect(await callerSession.ended).toMatchObject({ by: 'remote', cause: 'bye' });
    await stack.untilGateway(gateway.username, afterCall === 'stop' ? 'gone' : 'free');
  });

  if (afterCall === 'stop') {
    it('a late refresh is refused, and the same name registering anew is welcome', async () => {
      const { gateways, gateway, callerSession } = await upCall('tcp');
      await callerSession.hangUp();
      await stack.untilGateway(gateway.username, 'gone');
      await expect(gateway.registration.register()).rejects.toMatchObject({ status: 403 });
      expect(await stateOf(gateway.username)).toBe('gone');

      gateways.removeUser(gateway.username);
      const anew = addGateway(gateways, stack.domain, gateway.username);
      await anew.registration.register();
      expect(await stateOf(gateway.username)).toBe('free');
    });

    it('a gateway that un-REGISTERs after its call is gone, once', async () => {
      const { gateway, callerSession } = await upCall('udp');
      await callerSession.hangUp();
      await gateway.registration.unregister().catch(() => {});
      await stack.untilGateway(gateway.username, 'gone');
    });

    it('npx switchroom tells the same', async () => {
      const { gateway, call, callerSession } = await upCall('udp');
      const pool = async (...args: string[]) => {
        const { stdout } = await run(
          process.execPath,
          ['cli/switchroom.ts', ...args, '--json', '--run-file', stack.process.runFile],
          { cwd: resolve(import.meta.dirname, '../..') },
        );
        return JSON.parse(stdout);
      };
      expect((await pool('gateways')).gateways).toMatchObject([
        { username: gateway.username, state: 'busy', call: { callId: call.callId } },
      ]);
      expect(await pool('call', call.callId)).toMatchObject({ state: 'answered', room: 'seed' });
      await callerSession.hangUp();
      await stack.untilGateway(gateway.username, 'gone');
      expect((await pool('gateways')).gateways).toEqual([]);
    });
  } else {
    it('a reused gateway takes the next call with its old registration', async () => {
      const { gateways, gateway, callerSession } = await upCall('tcp');
      await callerSession.hangUp();
      await stack.untilGateway(gateway.username, 'free');
      await gateway.registration.register();
      const next = callFrom(gateways, 'next');
      const second = await until('the next call comes', () => gateway.calls[1]);
      expect(second.from?.displayName).toBe('4-nextRoom System');
      await second.answer('none');
      await (await answeredSession(next)).hangUp();
      await stack.untilGateway(gateway.username, 'free');
    });
  }
});
