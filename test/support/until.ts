import { setTimeout as delay } from 'node:timers/promises';
import { patienceMs } from './patience.ts';

/**
 * Waits for something to become true.
 * @param what said where it does not
 * @param probe its first result that is true ends the wait
 * @param limitMs of the measurements of bench/: a test needs none of its own
 * @returns that result
 * @throws Error after so long, with `what`
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  limitMs = patienceMs,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found as NonNullable<Exclude<T, false>>;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(10);
  }
}
