import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for something to become true.
 * @param what said where it does not
 * @param probe its first result that is neither undefined nor false ends the wait
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  limitMs = 15_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(20);
  }
}
