import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from 'vitest';
import type { AllocateGateway, ListBindings } from '../../contracts/commands.ts';
import { SipSecret } from '../../sip-edge/auth/sip-secret.ts';
import { LambdaControlPlane } from '../../sip-edge/control-plane/lambda-control-plane.ts';
import { WatchedControlPlane } from '../../sip-edge/control-plane/watched-control-plane.ts';
import { entryBytes } from '../../sip-edge/outbox/batch.ts';
import { eventBusDelivery } from '../../sip-edge/outbox/event-bus.ts';
import { ControlPlaneUnavailable } from '../../sip-edge/ports.ts';
import { eventually } from '../support/eventually.ts';
import { type AwsBehaviour, startAws, type TestAws } from './support/aws.ts';
import { recordingLog } from './support/log.ts';

/* The edge's adapters, with the SDK unmodified, before an HTTP server that speaks the AWS wire. */

let aws: TestAws;
const atEnd: (() => void)[] = [];

afterEach(async () => {
  for (const end of atEnd.splice(0)) end();
  await aws.stop();
});

const fetchBindings: ListBindings = { command: 'listBindings', username: 'a.mediagw.1' };
const traceId = '1-67e00000-0123456789abcdef01234567';
const bindings = { result: 'bindings', contacts: [], fresh: false };

async function controlPlane(behaviour: AwsBehaviour, commandTimeoutMs = 3000, traceSamplePercent = 0) {
  aws = await startAws(behaviour);
  const client = new LambdaClient({ ...aws.config, maxAttempts: 1 });
  atEnd.push(() => client.destroy());
  return new LambdaControlPlane(client, {
    registerFunction: 'register',
    allocateFunction: 'allocate',
    callsFunction: 'calls',
    edgeId: 'edge-1',
    leaseSec: 45,
    commandTimeoutMs,
    traceSamplePercent,
  });
}

const failure = async (answer: Promise<unknown>): Promise<ControlPlaneUnavailable> => {
  const error = await answer.then(
    () => new Error('it answered'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ControlPlaneUnavailable);
  return error as ControlPlaneUnavailable;
};

describe('a command', () => {
  it('is invoked on its function, and its answer read by the contract', async () => {
    const plane = await controlPlane({
      invoke: (name) => (name === 'calls' ? { calls: [], hangups: [], extra: 1 } : bindings),
    });
    expect(await plane.register(fetchBindings)).toEqual(bindings);
    expect(await plane.listEdgeCalls()).toEqual({ calls: [] });
    expect(await plane.renewEdge()).toEqual({ hangups: [] });
    const edge = { edgeId: 'edge-1', leaseSec: 45, generation: expect.any(Number) };
    expect(aws.requests).toEqual([
      { target: 'register', body: fetchBindings },
      { target: 'calls', body: { command: 'listEdgeCalls', ...edge } },
      { target: 'calls', body: { command: 'renewEdge', ...edge } },
    ]);
  });

  it('of a call carries its trace, which X-Ray keeps where it is sampled; another has none', async () => {
    for (const [percent, sampled] of [
      [0, 0],
      [100, 1],
    ] as const) {
      const plane = await controlPlane({ invoke: () => bindings }, 3000, percent);
      await failure(plane.allocate({ command: 'allocateGateway', traceId } as AllocateGateway));
      await plane.register(fetchBindings);
      expect(aws.traceHeaders).toEqual([`Root=${traceId};Sampled=${sampled}`, undefined]);
      await aws.stop();
    }
  });

  it('whose connection breaks is asked once more', async () => {
    let broken = 1;
    const plane = await controlPlane({
      invoke: () => bindings,
      intercept: (request) => {
        broken -= 1;
        if (broken === 0) request.socket.destroy();
        return broken === 0;
      },
    });
    expect(await plane.register(fetchBindings)).toEqual(bindings);
    expect(aws.requests).toHaveLength(2);
  });

  it.each([
    ['429', 'throttled', { 'x-amzn-errortype': 'TooManyRequestsException' }],
    ['503', 'network', { 'x-amzn-errortype': 'ServiceException' }],
  ])('that Lambda itself refuses with %s is asked once more, then given up', async (status, why, headers) => {
    const plane = await controlPlane({
      intercept: (_request, response) => {
        response.writeHead(Number(status), headers).end('{}');
        return true;
      },
    });
    expect((await failure(plane.register(fetchBindings))).why).toBe(why);
    expect(aws.requests).toHaveLength(2);
  });

  it('that the function throws at is not asked again', async () => {
    const plane = await controlPlane({
      invoke: () => {
        throw new Error('no table');
      },
    });
    const error = await failure(plane.register(fetchBindings));
    expect(error.why).toBe('function-error');
    expect(error.message).toContain('no table');
    expect(aws.requests).toHaveLength(1);
  });

  it('that nobody answers ends in time, and is not asked again: what is slow gets no more to do', async () => {
    const plane = await controlPlane({ intercept: () => true }, 200);
    expect((await failure(plane.register(fetchBindings))).why).toBe('timeout');
    expect(aws.requests).toHaveLength(1);
  });

  it.each([
    ['an unknown result', { result: 'maybe' }],
    ['nothing', undefined],
    ['no JSON object', 'text'],
  ])('answered with %s counts as unavailable', async (_case, answer) => {
    const plane = await controlPlane({ invoke: () => answer ?? null });
    expect((await failure(plane.allocate({} as AllocateGateway))).why).toBe('bad-answer');
  });

  it('counts towards health: three failures in a row, until one succeeds or time passes', async () => {
    let isUp = false;
    const clock = { time: 0, now: () => clock.time };
    const counted: string[] = [];
    const plane = new WatchedControlPlane(
      await controlPlane({
        invoke: () => {
          if (!isUp) throw new Error('down');
          return bindings;
        },
      }),
      clock,
      { count: (name) => counted.push(name) },
    );
    const ask = () => plane.register(fetchBindings).catch(() => 'failed');
    await ask();
    await ask();
    expect(plane.isHealthy).toBe(true);
    await ask();
    expect(plane.isHealthy).toBe(false);
    expect(counted).toEqual(Array(3).fill('ControlPlaneFailures'));
    clock.time += 15_001;
    expect(plane.isHealthy).toBe(true);
    await ask();
    expect(plane.isHealthy).toBe(false);
    isUp = true;
    await ask();
    expect(plane.isHealthy).toBe(true);
  });
});

describe('the bus', () => {
  const entry = (type: string) => {
    const detail = JSON.stringify({ type });
    return {
      id: type,
      type,
      at: 0,
      callId: undefined,
      traceId: type === 'two' ? traceId : undefined,
      detail,
      bytes: entryBytes(type, detail),
      isStored: true,
    };
  };
  const deliver = async (putEvents: NonNullable<AwsBehaviour['putEvents']>) => {
    aws = await startAws({ putEvents });
    const requestHandler = { requestTimeout: 500, throwOnRequestTimeout: true };
    const client = new EventBridgeClient({ ...aws.config, maxAttempts: 1, requestHandler });
    atEnd.push(() => client.destroy());
    return eventBusDelivery(client, { busName: 'bus', traceSamplePercent: 100 })(
      ['one', 'two', 'three'].map(entry),
    );
  };

  it('gets each fact as an event of the edge', async () => {
    expect(await deliver(() => undefined)).toEqual(Array(3).fill({ result: 'sent' }));
    expect(aws.requests[0]?.body).toMatchObject({
      Entries: [
        { EventBusName: 'bus', Source: 'switchroom.edge', DetailType: 'one', Detail: '{"type":"one"}' },
        {},
        {},
      ],
    });
  });

  it('gets the trace of a fact that is of a call', async () => {
    await deliver(() => undefined);
    const [request] = aws.requests as { body: { Entries: { TraceHeader?: string }[] } }[];
    expect(request?.body.Entries.map(({ TraceHeader }) => TraceHeader)).toEqual([
      undefined,
      `Root=${traceId};Sampled=1`,
      undefined,
    ]);
  });

  it('says of each entry whether it took it', async () => {
    const results = await deliver(() => ({
      FailedEntryCount: 2,
      Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException' }, { ErrorCode: 'MalformedDetail' }],
    }));
    expect(results.map(({ result }) => result)).toEqual(['sent', 'again', 'never']);
  });

  it('that answers for fewer than it got has not taken the rest', async () => {
    const results = await deliver(() => ({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] }));
    expect(results.map(({ result }) => result)).toEqual(['sent', 'again', 'again']);
  });
});

describe('the SIP secret', () => {
  async function load(secret: () => string, refreshSec = 3600) {
    aws = await startAws({ secret });
    const client = new SecretsManagerClient({ ...aws.config, maxAttempts: 1 });
    const clock = { time: 0, now: () => clock.time };
    const log = recordingLog();
    const options = { client, secretId: 'sip', refreshSec, mismatchRefreshSec: 10, clock, log };
    const sip = await SipSecret.load(options);
    atEnd.push(() => {
      sip.close();
      client.destroy();
    });
    return { sip, clock, log };
  }

  it('holds one password, or two during a rotation', async () => {
    let value = { current: 'a' } as object;
    const { sip, clock } = await load(() => JSON.stringify(value));
    expect(sip.secrets).toEqual(['a']);
    value = { current: 'b', previous: 'a' };
    clock.time += 10_000;
    expect(await sip.refreshAfterMismatch()).toBe(true);
    expect(sip.secrets).toEqual(['b', 'a']);
  });

  it('is read again after a wrong password, but not for each of a flood of them', async () => {
    const { sip, clock } = await load(() => '{"current":"a"}');
    expect(await sip.refreshAfterMismatch()).toBe(false);
    expect(aws.requests).toHaveLength(1);
    clock.time += 10_000;
    await Promise.all(Array.from({ length: 50 }, () => sip.refreshAfterMismatch()));
    await sip.refreshAfterMismatch();
    expect(aws.requests).toHaveLength(2);
  });

  it('stays as it was when it cannot be read, and nothing of it is logged', async () => {
    let value = '{"current":"a"}';
    const { sip, clock, log } = await load(() => value);
    value = '{"currant":"the new password"}';
    clock.time += 10_000;
    expect(await sip.refreshAfterMismatch()).toBe(false);
    expect(sip.secrets).toEqual(['a']);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', event: 'secret-unreadable' }));
    const logged = log.lines.map(({ error }) => String(error)).join();
    expect(logged).not.toContain('the new password');
  });

  it('is read again from time to time', async () => {
    let value = '{"current":"a"}';
    const { sip } = await load(() => value, 0.02);
    value = '{"current":"b"}';
    await eventually(() => expect(sip.secrets).toEqual(['b']));
  });

  it.each(['', 'password', '{}', '{"current":""}', '{"current":"a","previous":""}'])(
    'must be what it should be: %j',
    async (value) => {
      await expect(load(() => value)).rejects.toThrow('secret sip is not');
    },
  );
});
