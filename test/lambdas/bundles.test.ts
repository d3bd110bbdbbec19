import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build } from '../../scripts/build.ts';
import { type ApiAnswer, apiEvent } from '../support/api-event.ts';
import { useTestTable } from '../support/use-test-table.ts';
import { type BusWire, startBusWire } from './support/bus-wire.ts';
import { type EcsWire, startEcsWire } from './support/ecs-wire.ts';
import { allocateCommand, managed, registerCommand, taskId } from './support/world.ts';

/* The bundles as they are deployed: loaded with a function's environment, invoked as Lambda does. */

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const context = {
  functionName: 'test',
  functionVersion: '1',
  memoryLimitInMB: '1024',
  invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:test',
  awsRequestId: 'request-1',
  getRemainingTimeInMillis: () => 5000,
};

const engine = useTestTable();
let ecs: EcsWire;
let bus: BusWire;
let out: string;
let built: Built[];
const functions: Record<string, Handler> = {};
const environmentBefore = { ...process.env };

beforeAll(async () => {
  [ecs, bus] = await Promise.all([startEcsWire(), startBusWire()]);
  out = await mkdtemp(join(tmpdir(), 'switchroom-bundles-'));
  // As npm start sets it.
  const umask = process.umask(0o077);
  built = await build(out);
  process.umask(umask);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_ENDPOINT_URL_ECS: ecs.endpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    TABLE_NAME: engine.tableName,
    STACK_NAME: 'Test',
    GATEWAY_NAME: 'mediagw',
    FREE_SHARDS: '1',
    LOCK_LEASE_SEC: '120',
    WAIT_LIMIT_SEC: '90',
    CLUSTER: 'gateways',
    AFTER_CALL: 'stop',
    EDGE_LOST_GRACE_SEC: '60',
    TASK_DEFINITION: 'gateway:1',
    CAPACITY_PROVIDER: 'FARGATE',
    SUBNETS: 'subnet-1,subnet-2',
    SECURITY_GROUPS: 'sg-1',
    GATEWAY_ID: '1',
    POOL_POLICY: JSON.stringify({ policy: 'predictive', minFree: 0 }),
    POOL_MAX: '0',
    POOL_TIME_ZONE: 'Europe/Paris',
    POOL_START_SEC: '120',
    BUS_NAME: 'facts',
    MEDIA_REPORT_SECRET_ARN: 'arn:secret',
    ROLE_CLAIM: 'roles',
    VIEWER_ROLE: 'viewer',
    OPERATOR_ROLE: 'operator',
  });
  for (const name of ['register', 'allocate', 'calls', 'fleet', 'api']) functions[name] = await load(name);
});
afterAll(async () => {
  process.env = environmentBefore;
  await Promise.all([ecs?.stop(), bus?.stop(), out && rm(out, { recursive: true, force: true })]);
});

async function load(name: string, query = ''): Promise<Handler> {
  const file = join(out, 'lambdas', name, 'index.mjs');
  const module = (await import(/* @vite-ignore */ `${pathToFileURL(file)}${query}`)) as { handler: Handler };
  return module.handler;
}

function invoke(name: string, event: unknown): Promise<unknown> {
  return (functions[name] as Handler)(event, context);
}

/** @returns how many of the facts shall come again */
async function tell(...facts: Record<string, unknown>[]): Promise<number> {
  const Records = facts.map((fact) => ({
    messageId: randomUUID(),
    body: JSON.stringify({
      version: '0',
      source: 'switchroom.edge',
      'detail-type': fact.type,
      detail: { version: 1, id: randomUUID(), at: Date.now(), edgeId: 'edge-1', ...fact },
    }),
  }));
  const { batchItemFailures } = (await invoke('calls', { Records })) as { batchItemFailures: unknown[] };
  return batchItemFailures.length;
}

const functionsBuilt = () => built.filter((one) => one.name !== 'sip-edge');

it('can be read by the functions and containers, which run as somebody else', () => {
  expect(built.filter(({ outfile }) => (statSync(outfile).mode & 0o444) !== 0o444)).toEqual([]);
});

it('each function’s bundle stays small enough to start fast', () => {
  expect(functionsBuilt().map((one) => one.name)).toEqual(['allocate', 'api', 'calls', 'fleet', 'register']);
  for (const { name, bytes } of functionsBuilt()) expect(bytes, name).toBeLessThan(520_000);
});

it('each bundle has beside it the licences of what is in it', () => {
  expect(built.length).toBeGreaterThan(5);
  for (const { outfile } of built) {
    const notices = readFileSync(join(dirname(outfile), 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    expect(notices).toMatch(/^zod [\d.]+\n\nLicence: MIT\n\n.*Copyright/ms);
    expect(notices).toMatch(/^@smithy\/core [\d.]+$.*Apache License/ms);
  }
});

it('the flow of a call: free, locked, busy through a refresh, gone', async () => {
  const username = managed(1);
  const state = async () => {
    const { body } = (await invoke('api', apiEvent(`/gateways/${username}`))) as ApiAnswer;
    return (JSON.parse(body) as { state?: string }).state;
  };
  await invoke('register', registerCommand({ username }));
  expect(await state()).toBe('free');
  expect(await invoke('allocate', allocateCommand({ callId: 'call-1' }))).toMatchObject({ username });
  expect(await state()).toBe('locked');
  const dialogs = { callerDialogId: 'a', gatewayDialogId: 'b' };
  const receivedAt = Date.now();
  await tell({ type: 'call.answered', callId: 'call-1', gateway: username, receivedAt, ...dialogs });
  expect(await state()).toBe('busy');
  await invoke('register', registerCommand({ username, cseq: 2 }));
  expect(await state()).toBe('busy');
  expect(
    await invoke('calls', { command: 'listEdgeCalls', edgeId: 'edge-1', generation: 1, leaseSec: 45 }),
  ).toMatchObject({
    calls: [{ callId: 'call-1', state: 'answered' }],
  });
  await tell({ type: 'call.ended', callId: 'call-1', gateway: username, by: 'caller', outcome: 'answered' });
  expect(await state()).toBeUndefined();
  expect(ecs.requests).toEqual([{ cluster: 'gateways', task: taskId(1), reason: 'call call-1 is over' }]);
  expect(bus.told).toMatchObject([{ type: 'call.record', callId: 'call-1', gateway: username }]);
  expect(await invoke('register', registerCommand({ username, cseq: 3 }))).toMatchObject({
    reason: 'call-over',
  });
});

describe('ECS', () => {
  const callOn = async (n: number) => {
    const username = managed(n);
    await invoke('register', registerCommand({ username }));
    await invoke('allocate', allocateCommand({ callId: `call-${n}`, gateway: username }));
    return { type: 'call.ended', callId: `call-${n}`, gateway: username, by: 'caller', outcome: 'answered' };
  };

  it('that has forgotten the task is content', async () => {
    const end = await callOn(11);
    ecs.fail('InvalidParameterException', 'The referenced task was not found.');
    expect(await tell(end)).toBe(0);
  });

  it('that refuses makes the fact come again', async () => {
    const end = await callOn(12);
    ecs.fail('AccessDeniedException', 'not allowed');
    expect(await tell(end)).toBe(1);
  });
});

it('facts that calls has nothing to do with are let pass', async () => {
  expect(await tell({ type: 'gateway.unregistered', username: 'x', registrationId: 'y' })).toBe(0);
});

it('a fact that is not in the contract comes again alone', async () => {
  const known = { type: 'call.cancelled', callId: 'call-30', gatewayAnswered: false };
  expect(await tell(known, { type: 'call.ended', version: 2 }, { type: 'call.ended', callId: 7 })).toBe(2);
});

it('the tick of the minute sweeps', async () => {
  const tick = { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} };
  expect(await invoke('calls', tick)).toMatchObject({ more: false });
});

it.each([
  ['register', { command: 'registerGateway' }],
  ['allocate', { ...allocateCommand({ callId: 'x' }), room: 'r'.repeat(300) }],
  ['allocate', null],
  ['calls', { Records: [{ body: '{}' }] }],
  ['fleet', { Records: [] }],
])('%s refuses what is not in the contract with a typed error', async (name, event) => {
  await expect(invoke(name, event)).rejects.toMatchObject({ name: 'InvalidInput' });
});

it('a function without its environment does not start, and says what is missing', async () => {
  const { FREE_SHARDS, TABLE_NAME, POOL_TIME_ZONE } = process.env;
  Object.assign(process.env, { FREE_SHARDS: '0', POOL_TIME_ZONE: 'Mars/Base' });
  delete process.env.TABLE_NAME;
  try {
    await expect(load('register', '?broken')).rejects.toMatchObject({
      name: 'InvalidEnvironment',
      message: expect.stringMatching(/TABLE_NAME.*FREE_SHARDS/),
    });
    await expect(load('fleet', '?broken')).rejects.toMatchObject({
      name: 'InvalidEnvironment',
      message: expect.stringMatching(/TABLE_NAME.*POOL_TIME_ZONE: must be an IANA time zone/),
    });
  } finally {
    Object.assign(process.env, { FREE_SHARDS, TABLE_NAME, POOL_TIME_ZONE });
  }
});

it('a table that is gone is a typed error, within the time the edge waits', async () => {
  const { AWS_ENDPOINT_URL_DYNAMODB } = process.env;
  process.env.AWS_ENDPOINT_URL_DYNAMODB = 'http://127.0.0.1:1';
  try {
    const handler = await load('allocate', '?no-table');
    await expect(handler(allocateCommand({ callId: 'call-x' }), context)).rejects.toMatchObject({
      name: 'TableUnavailable',
    });
  } finally {
    Object.assign(process.env, { AWS_ENDPOINT_URL_DYNAMODB });
  }
});

it.each(['register', 'allocate'] as const)(
  '%s is kept warm by a batch of none, which asks nothing',
  async (name) => {
    const { AWS_ENDPOINT_URL_DYNAMODB } = process.env;
    process.env.AWS_ENDPOINT_URL_DYNAMODB = 'http://127.0.0.1:1';
    try {
      const handler = await load(name, '?warm');
      expect(await handler({ batch: [] }, context)).toEqual({ answers: [] });
    } finally {
      Object.assign(process.env, { AWS_ENDPOINT_URL_DYNAMODB });
    }
  },
);
