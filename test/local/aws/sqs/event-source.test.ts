import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../local/aws/template.ts';
import { until } from '../../../support/until.ts';
import { functionResource, maySend, startTestCloud, type TestCloud } from '../test-cloud.ts';

/* Facts go through a queue into batches: AWS::Lambda::EventSourceMapping, as Lambda plays it. */

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

interface Shape {
  mapping?: JsonObject;
  queue?: JsonObject;
  target?: JsonObject;
}

const resourcesOf = ({ mapping = {}, queue = {}, target = {} }: Shape) => ({
  Facts: { Type: 'AWS::Events::EventBus', Properties: { Name: 'facts' } },
  Letters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'letters' } },
  Queue: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: 'queue',
      VisibilityTimeout: 1,
      RedrivePolicy: { deadLetterTargetArn: arnOf('Letters'), maxReceiveCount: 2 },
      ...queue,
    },
  },
  Calls: functionResource('probe', { Timeout: 1, ...target }),
  Ended: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventBusName: 'facts',
      EventPattern: { 'detail-type': ['call.ended'] },
      Targets: [{ Id: 'T', Arn: arnOf('Queue'), DeadLetterConfig: { Arn: arnOf('Letters') } }],
    },
  },
  MaySend: maySend('Queue', 'Ended'),
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: arnOf('Queue'),
      FunctionName: { Ref: 'Calls' },
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      ...mapping,
    },
  },
});

let dir: string;
let cloud: TestCloud | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'switchroom-queue-'));
});
afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const start = async (shape: Shape = {}) => {
  cloud = await startTestCloud(resourcesOf(shape), { dir, keep: true });
  return cloud;
};

async function tell(...details: JsonObject[]): Promise<void> {
  const bus = new EventBridgeClient(cloud?.client ?? {});
  const Entries = details.map((detail) => ({
    Source: 'switchroom.edge',
    DetailType: 'call.ended',
    EventBusName: 'facts',
    Detail: JSON.stringify(detail),
  }));
  await bus.send(new PutEventsCommand({ Entries }));
  bus.destroy();
}

/** What the function was given, batch by batch. */
function batches(): { text: string; count: number }[][] {
  const log = join(dir, 'logs', 'Test-Calls.log');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
  return lines.filter((line) => line.startsWith('batch ')).map((line) => JSON.parse(line.slice(6)));
}

const texts = () =>
  batches()
    .flat()
    .map(({ text }) => text);
const done = () => until('all is done', () => cloud?.events.open === 0);

describe('facts that come together', () => {
  it('are given to the function together, up to the size of a batch', async () => {
    await start({ mapping: { BatchSize: 4 } });
    await tell(...['a', 'b', 'c', 'd', 'e', 'f'].map((text) => ({ text })));
    await done();
    expect(texts().sort().join('')).toBe('abcdef');
    // How many had come when the first were taken is the machine's affair.
    const largest = Math.max(...batches().map(({ length }) => length));
    expect(largest).toBeGreaterThan(1);
    expect(largest).toBeLessThanOrEqual(4);
  });

  it('gather while one is under way', async () => {
    await start();
    await tell({ text: 'first', ms: 300 });
    await until('it is under way', () => batches().length === 1);
    for (const text of ['a', 'b', 'c']) await tell({ text });
    await done();
    expect(batches().map((batch) => batch.length)).toEqual([1, 3]);
  });
});

describe('a fact that the function fails on', () => {
  it('comes again alone after the visibility timeout, and the others do not', async () => {
    await start();
    await tell({ text: 'good' }, { text: 'late', failsUntil: 2 });
    await done();
    expect(texts().sort()).toEqual(['good', 'late', 'late']);
    expect(batches().at(-1)).toEqual([{ text: 'late', count: 2 }]);
  });

  it('is put into the dead letters once it has come often enough', async () => {
    const { queues } = await start();
    const letters: string[] = [];
    queues.observeLetters((_queue, body) => letters.push(body));
    await tell({ text: 'bad', do: 'throw' });
    await until('the letter is there', () => letters.length > 0);
    expect(JSON.parse(letters[0] ?? '')).toMatchObject({
      'detail-type': 'call.ended',
      detail: { text: 'bad' },
    });
    expect(texts()).toEqual(['bad', 'bad']);
    expect(readFileSync(join(dir, 'queues/letters.jsonl'), 'utf8')).toContain('bad');
  });

  it.each([
    ['throws', { do: 'throw all' }],
    ['names a message that it was not given', { answer: { batchItemFailures: [{ itemIdentifier: 'x' }] } }],
    ['names none where it should', { answer: { batchItemFailures: [{}] } }],
  ])('takes all others with it where the function %s', async (_what, detail) => {
    await start();
    await tell({ text: 'other' }, { text: 'bad', ...detail });
    await done();
    expect(texts()).toEqual(['other', 'bad', 'other', 'bad']);
  });

  it('comes again where the function was cut off', async () => {
    await start();
    await tell({ text: 'slow', ms: 1500 });
    await done();
    expect(texts()).toEqual(['slow', 'slow']);
  });

  it.each([[null], [{}], [{ batchItemFailures: null }], [{ batchItemFailures: [] }]])(
    'is none where the answer is %j',
    async (answer) => {
      await start();
      await tell({ text: 'good', answer });
      await done();
      expect(texts()).toEqual(['good']);
    },
  );
});

it('what is in the queue when a run ends is for the next, where state is kept', async () => {
  const first = await start();
  first.events.hold();
  await tell({ text: 'a' }, { text: 'b' });
  await first.close();
  await start();
  await done();
  expect(texts().sort()).toEqual(['a', 'b']);
});

it.each([
  [
    'a batch of more than ten without a window',
    { mapping: { BatchSize: 11 } },
    /BatchSize must be between 1 and 10, not 11/,
  ],
  [
    'one invocation at once',
    { mapping: { ScalingConfig: { MaximumConcurrency: 1 } } },
    /MaximumConcurrency must be between 2 and 1000, not 1/,
  ],
  ['less visibility than its function may take', { target: { Timeout: 9 } }, /visibility timeout/],
])('a mapping with %s is refused, as AWS does', async (_what, shape, message) => {
  await expect(start(shape)).rejects.toThrow(message);
});
