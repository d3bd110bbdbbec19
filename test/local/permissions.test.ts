import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AllocateGateway, RegisterCommand } from '../../contracts/commands.ts';
import type { Fact } from '../../contracts/facts.ts';
import type { CallView } from '../../contracts/inspect.ts';
import { readSynthesizedStack } from '../../local/aws/assets.ts';
import { synthesize } from '../../local/run/synthesize.ts';
import { fixtures, startTestCloud, startTestDynamoDb, type TestCloud } from './test-cloud.ts';
import { until } from './until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });

/*
 * The functions as they deploy, each in the role that the template gives it: a permission that one of these steps
 * needs and the template does not give fails here, with its name.
 */

let cloud: TestCloud;
let table: Awaited<ReturnType<typeof startTestDynamoDb>>;
const dir = mkdtempSync(join(tmpdir(), 'switchroom-permissions-'));
const letters: unknown[] = [];

async function realStack() {
  const { directory, stackName } = await synthesize({}, () => undefined, new AbortController().signal);
  return readSynthesizedStack(directory, stackName);
}

beforeAll(async () => {
  table = await startTestDynamoDb();
  cloud = await startTestCloud(
    {},
    {
      stack: await realStack(),
      dynamoDbEndpoint: table.endpoint,
      dir,
      checkTableAccess: true,
      retryDelaysMs: [10],
      commandOf: () => ({ file: process.execPath, args: [join(fixtures, 'tasks/polite.mjs')] }),
    },
  );
  cloud.queues.observe((_queue, letter) => letters.push(letter));
});

afterAll(async () => {
  await cloud?.close();
  await table?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function invoke<T>(name: string, command: object): Promise<T> {
  const result = await cloud.functions.invoke(`Switchroom-${name}`, JSON.stringify(command));
  if (result.kind !== 'answer') throw new Error(`${name} failed: ${JSON.stringify(result)}`);
  return JSON.parse(result.payload);
}

const logs = () =>
  readdirSync(join(dir, 'logs'))
    .filter((name) => name.startsWith('Switchroom-'))
    .map((name) => readFileSync(join(dir, 'logs', name), 'utf8'))
    .join('\n');

type Bare<F> = F extends Fact ? Omit<F, 'version' | 'id' | 'at' | 'edgeId'> : never;

function tell(fact: Bare<Fact>): void {
  const detail = { version: 1, id: randomUUID(), at: Date.now(), edgeId: 'edge-1', ...fact };
  const [result] = cloud.buses.putEvents(
    [
      {
        Source: 'switchroom.edge',
        DetailType: fact.type,
        Detail: JSON.stringify(detail),
        EventBusName: cloud.stack.outputs.BusName as string,
      },
    ],
    1000,
  );
  expect(result).toHaveProperty('EventId');
}

const callState = async (callId: string) => {
  const answer = await invoke<{ call?: CallView }>('inspect', { command: 'describeCall', callId });
  return answer.call?.state;
};

const peer = { address: '127.0.0.1', port: 5060, protocol: 'udp' } as const;

const register = (username: string, cseq: number): RegisterCommand => ({
  command: 'registerGateway',
  username,
  registrationId: `registration-of-${username}`,
  cseq,
  contacts: [{ uri: `sip:${username}@127.0.0.1:5060`, expiresSec: 60 }],
  received: peer,
  edgeId: 'edge-1',
});

const allocate = (callId: string, more: Partial<AllocateGateway> = {}): AllocateGateway => ({
  command: 'allocateGateway',
  callId,
  edgeId: 'edge-1',
  room: '1234',
  caller: { uri: 'sip:alice@example.org', received: peer },
  attempt: 1,
  failed: [],
  ...more,
});

describe('in the roles of the template', () => {
  it('a gateway registers, refreshes, is listed and leaves', async () => {
    const username = '10.0.0.1.mediagw.1';
    expect(await invoke('register', register(username, 1))).toMatchObject({
      result: 'bindings',
      fresh: true,
    });
    expect(await invoke('register', register(username, 2))).toMatchObject({
      result: 'bindings',
      fresh: false,
    });
    expect(await invoke('register', { command: 'listBindings', username })).toMatchObject({
      result: 'bindings',
    });
    const leave = {
      command: 'unregisterGateway',
      username,
      registrationId: `registration-of-${username}`,
      cseq: 3,
      contacts: '*',
    };
    expect(await invoke('register', leave)).toMatchObject({ contacts: [] });
  });

  it('a call is given a gateway, another when that fails, is answered, ends, and its task is stopped', async () => {
    const { tasks } = cloud.tasks.runTask({
      cluster: cloud.stack.outputs.Cluster as string,
      taskDefinition: cloud.stack.outputs.GatewayTaskDefinition as string,
      count: 2,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['any'] } },
    });
    const ids = tasks.map(({ taskArn }) => String(taskArn).split('/').at(-1) ?? '');
    for (const id of ids) await invoke('register', register(`${id}.mediagw.1`, 1));

    const first = await invoke<{ username: string }>('allocate', allocate('call-1'));
    const failed = [{ username: first.username, cause: 'silent' as const }];
    const second = await invoke<{ username: string }>('allocate', allocate('call-1', { attempt: 2, failed }));
    expect(ids.map((id) => `${id}.mediagw.1`)).toEqual(
      expect.arrayContaining([first.username, second.username]),
    );

    const gateway = second.username;
    tell({
      type: 'call.answered',
      callId: 'call-1',
      gateway,
      receivedAt: Date.now(),
      callerDialogId: 'call-1;from-tag=a',
      gatewayDialogId: 'call-2;from-tag=b',
    });
    await until('the call is answered in the table', async () => (await callState('call-1')) === 'answered');
    expect(await invoke('calls', { command: 'listEdgeCalls', edgeId: 'edge-1' })).toMatchObject({
      calls: [{ callId: 'call-1' }],
    });
    tell({ type: 'call.ended', callId: 'call-1', gateway, by: 'caller', outcome: 'answered' });
    await until('the call is over in the table', async () => (await callState('call-1')) === 'ended');
    const taskId = gateway.split('.')[0] ?? '';
    await until('its task is stopped', () => cloud.tasks.find(taskId)?.desiredStatus === 'STOPPED');
  });

  it('an edge tells that it lives, and the clock finds the calls of one that does not', async () => {
    const heartbeat = { type: 'edge.heartbeat', generation: 1, calls: 0, leaseSec: 15 } as const;
    tell(heartbeat);
    tell({ ...heartbeat, generation: 2 });
    const scheduled = {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '0',
      time: new Date().toISOString(),
      region: 'us-east-1',
      resources: [],
      detail: {},
    };
    await invoke('calls', scheduled);
  });

  it('the fleet starts gateways, finds those it knows nothing of, and drains', async () => {
    const tick = { 'detail-type': 'Scheduled Event' };
    await until('no other run is on', async () => {
      const looked = await invoke<{ result: string }>('fleet', tick);
      return looked.result === 'decided';
    });
    const started = await invoke<{ starts: { taskId?: string }[] }>('inspect', { command: 'listStarts' });
    expect(started.starts.length).toBeGreaterThan(0);
    for (const { taskId } of started.starts) {
      if (taskId !== undefined) await invoke('register', register(`${taskId}.mediagw.1`, 1));
    }
    await invoke('fleet', tick);
    expect(await invoke('inspect', { command: 'listDecisions' })).toMatchObject({ result: 'decisions' });
  });

  it('people see the pool and the calls', async () => {
    expect(await invoke('inspect', { command: 'listGateways' })).toMatchObject({ result: 'gateways' });
    expect(await invoke('inspect', { command: 'listCalls' })).toMatchObject({ result: 'calls' });
  });

  it('nothing was denied on the way, and nothing went to the dead letters', () => {
    expect(logs().match(/not authorized to perform[^"]*/g)).toBeNull();
    expect(letters).toEqual([]);
  });
});

describe('what a role is not given', () => {
  it('is refused by name', async () => {
    const stack = await realStack();
    const Resources = Object.fromEntries(
      Object.entries(stack.template.Resources).filter(
        ([id]) => !id.startsWith('FunctionsInspectRoleDefaultPolicy'),
      ),
    );
    const without = await startTestCloud(
      {},
      {
        stack: { ...stack, template: { ...stack.template, Resources } },
        dynamoDbEndpoint: table.endpoint,
        checkTableAccess: true,
      },
    );
    try {
      const refused = await without.functions.invoke('Switchroom-inspect', '{"command":"listGateways"}');
      expect(refused.kind).toBe('failed');
      expect(readFileSync(join(without.dir, 'logs/Switchroom-inspect.log'), 'utf8')).toMatch(
        /not authorized to perform: dynamodb:Scan/,
      );
    } finally {
      await without.close();
    }
  });
});
