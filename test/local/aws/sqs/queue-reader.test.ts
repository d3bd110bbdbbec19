import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { QueueReader } from '../../../../local/aws/lambda/queue-reader.ts';
import { Queue } from '../../../../local/aws/sqs/queue.ts';

/* What needs a clock: the window, in which messages gather. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const forever = { visibilityMs: 30_000, maxReceiveCount: Number.POSITIVE_INFINITY, putAside: () => {} };
const settings = {
  queueArn: 'arn:aws:sqs:us-east-1:000000000000:q',
  functionName: 'f',
  batchSize: 3,
  windowMs: 1000,
  maxConcurrency: 2,
  reportsFailures: true,
};

function open() {
  const queue = new Queue('url', settings.queueArn, forever, undefined);
  const batches: string[] = [];
  new QueueReader(queue, settings, async (payload) => {
    const { Records } = JSON.parse(payload) as { Records: { body: string }[] };
    batches.push(Records.map(({ body }) => body).join(''));
    return { kind: 'answer', payload: 'null' };
  });
  const send = (body: string) => queue.send({ id: body, sentAt: 0, body, attributes: {} });
  return { batches, send };
}

it('messages gather from the first one on, for as long as the window', async () => {
  const { batches, send } = open();
  send('a');
  await vi.advanceTimersByTimeAsync(900);
  send('b');
  expect(batches).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(batches).toEqual(['ab']);
  send('c');
  await vi.advanceTimersByTimeAsync(999);
  expect(batches).toEqual(['ab']);
  await vi.advanceTimersByTimeAsync(1);
  expect(batches).toEqual(['ab', 'c']);
});

it('a full batch waits for no window', async () => {
  const { batches, send } = open();
  for (const body of ['a', 'b', 'c', 'd']) send(body);
  await vi.advanceTimersByTimeAsync(0);
  expect(batches).toEqual(['abc']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(batches).toEqual(['abc', 'd']);
});
