import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NonceCounts } from '../../../sip-edge/auth/replay.ts';

import { accepted, answerTo, right, setUp, stale, startedAt } from './support.ts';

describe('a replay', () => {
  it('of a nonce count is refused with a fresh nonce', () => {
    const { challenge, check } = setUp();
    const answer = answerTo(challenge(), right);
    expect(check(answer)).toEqual(accepted);
    expect(check(answer)).toEqual({ result: 'challenge', stale: true, why: 'replayed' });
  });

  it('is told apart from requests that UDP swapped', () => {
    const { challenge, check } = setUp();
    const given = challenge();
    const send = (nonceCount: number) => check(answerTo(given, { ...right, nonceCount })).result;
    expect([3, 1, 2, 3, 2, 40, 39, 9, 8].map(send)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'challenge',
      'challenge',
      'accepted',
      'accepted',
      'accepted',
      'challenge',
    ]);
  });

  it('is not possible with a nonce issued before this application started', () => {
    const before = setUp({ at: startedAt - 10_000 });
    const after = setUp();
    expect(after.check(answerTo(before.challenge(), right))).toEqual(stale);
  });

  it('is not possible with a nonce that had to be forgotten', () => {
    const { clock, challenge, check } = setUp({ capacity: 2 });
    const answers = [1, 2, 3].map(() => {
      clock.time += 1;
      return answerTo(challenge(), right);
    });
    expect(answers.map((answer) => check(answer).result)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(check(answers[0])).toEqual(stale);
  });

  it('is never accepted, whatever the order of the counts', () => {
    const counts = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2 ** 32 - 1 })),
    );
    fc.assert(
      fc.property(counts, (sent) => {
        const used = new NonceCounts(10, 0);
        const taken = sent.filter((count) => used.use('nonce', 1, count));
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });

  it('is not what an in-order client is taken for', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(steps, (gaps) => {
        const used = new NonceCounts(10, 0);
        const counts = gaps.map((_gap, index) => gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0));
        expect(counts.every((count) => used.use('nonce', 1, count))).toBe(true);
      }),
    );
  });
});
