import type { Lab } from '../lab.ts';

/** What somebody looks at, and how it is found. */
export interface Check {
  name: string;
  /** @returns what is wrong; undefined where nothing is */
  run: (lab: Lab, domain: string) => Promise<string | undefined>;
}

const patienceMs = 180_000;
const lookEveryMs = 200;

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition. @returns what did not come, or undefined */
export async function untilTrue(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = patienceMs,
): Promise<string | undefined> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) return `not in ${limitMs / 1000} s: ${what}`;
    await pause(lookEveryMs);
  }
  return undefined;
}
