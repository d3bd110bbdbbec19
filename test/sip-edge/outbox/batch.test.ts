import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, maxBatchBytes, takeBatch } from '../../../sip-edge/outbox/batch.ts';

describe('a batch', () => {
  it('is never larger than PutEvents takes, and loses or swaps nothing', () => {
    const entry = fc.integer({ min: 1, max: maxBatchBytes }).map((bytes) => ({ bytes }) as Entry);
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 50 }), (entries) => {
        const queue = [...entries];
        const batches: Entry[][] = [];
        while (queue.length > 0) batches.push(takeBatch(queue));
        expect(batches.flat()).toEqual(entries);
        for (const batch of batches) {
          expect(batch.length).toBeLessThanOrEqual(10);
          expect(batch.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(maxBatchBytes);
        }
      }),
    );
  });
});
