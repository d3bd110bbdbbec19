/* How long tasks take to start here, and how often that fails: on one machine a process is there at once. */

/** What becomes of a start. */
export type StartFate =
  | 'runs'
  /** RunTask answers with `failures[]`: there is no room. */
  | 'refused'
  /** RunTask is throttled. */
  | 'throttled'
  /** There is a task, and its container never runs. */
  | 'fails';

export interface StartPlan {
  /** @returns milliseconds from RunTask until the container runs */
  delayMs: () => number;
  /** @param subnets those that the request allows; none without a network of its own */
  fate: (subnets: readonly string[]) => StartFate;
}

/** A machine that has all it needs. */
export const atOnce: StartPlan = { delayMs: () => 0, fate: () => 'runs' };

/** Shares of a start: the task is placed, its image is pulled, its container starts. */
const placedShare = 0.15;
const pulledShare = 0.9;

/** When the phases of a start are over, milliseconds after it was asked for. */
export function phasesOf(delayMs: number): { placedMs: number; pulledMs: number; runningMs: number } {
  return { placedMs: delayMs * placedShare, pulledMs: delayMs * pulledShare, runningMs: delayMs };
}

/**
 * @param delay shortest and longest start, milliseconds
 * @param failureRate share of starts that fail, 0 to 1: half of them are refused, half fail later
 */
export function randomStarts(
  delay: { fromMs: number; toMs: number },
  failureRate: number,
  random: () => number = Math.random,
): StartPlan {
  return {
    delayMs: () => delay.fromMs + random() * (delay.toMs - delay.fromMs),
    fate: () => {
      const drawn = random();
      if (drawn >= failureRate) return 'runs';
      return drawn < failureRate / 2 ? 'refused' : 'fails';
    },
  };
}
