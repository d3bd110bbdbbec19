import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LruMap } from '../../sip-edge/admission/lru-map.ts';
import { NonceCounts } from '../../sip-edge/auth/replay.ts';

/* A part of a message keeps the whole message in memory; tables that outlive it must not. */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const messages = 2000;
const messageBytes = 10_000;

/** @returns bytes of the heap that are in use for it afterwards. @param keep takes a part of each message */
function keptBytes(keep: (part: string, n: number) => void): number {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < messages; n += 1) {
    const part = `source-${String(n).padStart(20, '0')}`;
    const message = Buffer.from(part.padEnd(messageBytes, 'x'), 'latin1').toString('latin1');
    keep(message.slice(0, part.length), n);
  }
  collectGarbage();
  return process.memoryUsage().heapUsed - before;
}

describe('what is kept of a message is a copy', () => {
  it.each([1, 2])('as a key that is set, %i times', (times) => {
    const map = new LruMap<{ n: number }>(messages);
    const kept = keptBytes((part, n) => {
      for (let at = 0; at < times; at += 1) map.set(part, { n });
    });
    expect(map.size).toBe(messages);
    expect(kept).toBeLessThan((messages * messageBytes) / 4);
  });

  it('as a nonce', () => {
    const counts = new NonceCounts(messages, 0);
    const kept = keptBytes((part, n) => void counts.use(part, n + 1, 1));
    expect(counts.size).toBe(messages);
    expect(kept).toBeLessThan((messages * messageBytes) / 4);
  });
});
