import { vi } from 'vitest';
import { patienceMs } from './patience.ts';

/** Waits until a check passes. @throws what it throws last, after `patienceMs` */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: patienceMs, interval: 20 });
