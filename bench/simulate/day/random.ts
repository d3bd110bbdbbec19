import type { Random } from '../../../lambdas/domain/time.ts';

/**
 * A generator of its own for each use, so that one more draw here changes nothing there.
 * @param seed the run's
 * @param use what it is for
 */
export function randomFor(seed: number, use: string): Random {
  let state = seed | 0;
  for (const letter of use) state = Math.imul(state ^ letter.charCodeAt(0), 0x9e3779b1) ^ (state >>> 15);
  // mulberry32
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}

/** Box and Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A factor around 1 whose mean is 1. */
export function factor(random: Random, spread: number): number {
  return Math.exp(spread * normal(random) - spread ** 2 / 2);
}

/** Knuth's; for small means. */
export function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let n = 0;
  for (let product = random(); product > limit; product *= random()) n += 1;
  return n;
}
