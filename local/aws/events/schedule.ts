import { UnsupportedError } from '../http/errors.ts';

const unitMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * @param expression `rate(1 minute)`, `rate(5 minutes)`, …
 * @param rule whose it is, for the error
 * @returns the period, ms
 * @throws UnsupportedError for `cron(…)` and for what EventBridge would refuse
 */
export function periodMs(expression: string, rule: string): number {
  const [, value, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const one = unit === undefined ? undefined : unitMs[unit];
  if (one === undefined || Number(value) < 1) {
    throw new UnsupportedError(`${rule}: the local cloud does not know the schedule ${expression}`);
  }
  return Number(value) * one;
}
