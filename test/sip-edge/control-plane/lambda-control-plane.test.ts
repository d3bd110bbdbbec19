import { LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AllocateGateway, ListBindings } from '../../../contracts/commands.ts';
import { Flow } from '../../../sip-edge/control-plane/flow/flow.ts';
import { LambdaControlPlane } from '../../../sip-edge/control-plane/lambda-control-plane.ts';
import { WatchedControlPlane } from '../../../sip-edge/control-plane/watched-control-plane.ts';
import {
  type ControlPlane,
  ControlPlaneUnavailable,
  systemClock,
  type UnavailableCause,
} from '../../../sip-edge/ports.ts';
import { type AwsBehaviour, openAws, type TestAws } from '../support/aws.ts';
import { recordingLog } from '../support/log.ts';

/* The edge's adapter, with the SDK unmodified, before an HTTP server that speaks the AWS wire. */

let aws: TestAws;
const fetchBindings: ListBindings = { command: 'listBindings', username: 'a.mediagw.1' };
const traceId = '1-67e00000-0123456789abcdef01234567';
const bindings = { result: 'bindings', contacts: [], fresh: false };

async function controlPlane(behaviour: AwsBehaviour, commandTimeoutMs = 3000, traceSamplePercent = 0) {
  aws = await openAws(behaviour);
  const client = new LambdaClient({ ...aws.config, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return new LambdaControlPlane(
    client,
    {
      registerFunction: 'register',
      allocateFunction: 'allocate',
      callsFunction: 'calls',
      edgeId: 'edge-1',
      leaseSec: 45,
      commandTimeoutMs,
      traceSamplePercent,
    },
    { flow: new Flow(systemClock, recordingLog()), clock: systemClock, random: Math.random },
  );
}

const asker = { isAdmitted: false, isGone: () => false };

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

  it('lists the calls of an edge page after page', async () => {
    const calls = [1, 2, 3].map((n) => ({ callId: `call-${n}`, state: 'answered', offeredAt: n }));
    const plane = await controlPlane({
      invoke: (_name, command) => {
        const page = Number((command as { after?: string }).after ?? 0);
        return { calls: [calls[page]], ...(page < 2 && { next: `${page + 1}` }) };
      },
    });
    expect(await plane.listEdgeCalls()).toEqual({ calls });
    expect(aws.requests).toHaveLength(3);
  });

  it('of a call carries its trace, which X-Ray keeps where it is sampled; of no other it keeps one', async () => {
    for (const [percent, sampled] of [
      [0, 0],
      [100, 1],
    ] as const) {
      const plane = await controlPlane({ invoke: () => bindings }, 3000, percent);
      await failure(plane.allocate({ command: 'allocateGateway', traceId } as AllocateGateway, asker));
      await plane.register(fetchBindings);
      expect(aws.traceHeaders).toEqual([
        `Root=${traceId};Sampled=${sampled}`,
        expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0$/),
      ]);
      await aws.stop();
    }
  });

  it('of none has the functions do nothing that callers and gateways wait for', async () => {
    const plane = await controlPlane({ invoke: () => ({ answers: [] }) });
    await plane.touch();
    const none = { batch: [] };
    expect(aws.requests).toEqual(
      expect.arrayContaining([
        { target: 'register', body: none },
        { target: 'allocate', body: none },
      ]),
    );
    expect(aws.requests).toHaveLength(2);
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
    expect((await failure(plane.allocate({} as AllocateGateway, asker))).why).toBe('bad-answer');
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

  it('that was not sent, for want of room or of anybody who waits, is no failure of the control plane', async () => {
    const causes = ['overloaded', 'abandoned', 'overloaded'] as const;
    const left: UnavailableCause[] = [...causes];
    const refusing = async () => {
      throw new ControlPlaneUnavailable(left.shift() as UnavailableCause, 'not sent');
    };
    const counted: string[] = [];
    const plane = new WatchedControlPlane(
      { register: refusing, allocate: refusing } as unknown as ControlPlane,
      systemClock,
      { count: (name) => counted.push(name) },
    );
    expect((await failure(plane.allocate({} as AllocateGateway, asker))).why).toBe('overloaded');
    expect((await failure(plane.allocate({} as AllocateGateway, asker))).why).toBe('abandoned');
    expect((await failure(plane.register(fetchBindings))).why).toBe('overloaded');
    expect(counted).toEqual(['ShedCalls', 'ShedRegisters']);
    expect(plane.isHealthy).toBe(true);
  });
});
