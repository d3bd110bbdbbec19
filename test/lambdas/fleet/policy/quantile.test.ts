import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callsAtMost } from '../../../../lambdas/domain/demand/quantile.ts';

describe('the calls to be ready for', () => {
  /** Poisson's distribution, summed term by term. */
  function poissonAtMost(n: number, mean: number): number {
    let term = Math.exp(-mean);
    let sum = term;
    for (let i = 1; i <= n; i += 1) {
      term *= mean / i;
      sum += term;
    }
    return sum;
  }

  it('are the quantile of Poisson where nothing is uncertain', async () => {
    const mean = fc.double({ min: 0.01, max: 140, noNaN: true });
    await fc.assert(
      fc.property(mean, fc.double({ min: 0.5, max: 0.999, noNaN: true }), (expected, level) => {
        const n = callsAtMost(expected, 0, level);
        expect(poissonAtMost(n, expected)).toBeGreaterThan(level - 1e-3);
        expect(n > 0 ? poissonAtMost(n - 1, expected) : 0).toBeLessThan(level + 1e-3);
      }),
    );
  });

  it('grow with what is expected, how uncertain that is, and the probability wanted', async () => {
    const mean = fc.double({ min: 0, max: 3000, noNaN: true });
    const spread = fc.double({ min: 0, max: 1, noNaN: true });
    const level = fc.double({ min: 0.9, max: 0.9999, noNaN: true });
    await fc.assert(
      fc.property(mean, spread, level, (m, s, l) => {
        const n = callsAtMost(m, s, l);
        expect(Number.isInteger(n)).toBe(true);
        expect(n).toBeGreaterThanOrEqual(Math.floor(m * 0.9));
        // One call of slack where the exact sum and the approximation meet.
        expect(callsAtMost(m * 1.1, s, l)).toBeGreaterThanOrEqual(n - 1 - 0.02 * n);
        expect(callsAtMost(m, s, l + (1 - l) / 2)).toBeGreaterThanOrEqual(n);
      }),
    );
  });
});
