import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { patienceMs } from '../../support/patience.ts';
import { reads } from './read-long.ts';

/*
 * What is read of a message before anybody has asked who sent it takes a time of its length, and not of the square: of
 * patterns that share blanks out between their parts one packet of 8 kB took minutes, and nobody else was answered. Each in a
 * thread of its own, since nothing else ends a pattern that goes astray.
 */

it.each(Object.keys(reads))('%s holds nobody up', async (what) => {
  const reader = new Worker(new URL('./read-long.ts', import.meta.url), { workerData: what });
  try {
    expect(await once(reader, 'message', { signal: AbortSignal.timeout(patienceMs) })).toEqual(['read']);
  } finally {
    await reader.terminate();
  }
});
