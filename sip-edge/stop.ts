import type { Log } from './ports.ts';

/** One thing to end, by the name that the log gives it. */
export type StopStep = readonly [name: string, end: () => unknown];

/**
 * Ends one thing after the other. A step that fails is logged and does not keep the rest from ending: a process that
 * hung there would hold its task until ECS kills it, facts unsent.
 * @returns when the last step is over; never rejects
 */
export async function stopInOrder(steps: readonly StopStep[], log: Pick<Log, 'error'>): Promise<void> {
  for (const [name, end] of steps) {
    try {
      await end();
    } catch (error) {
      log.error({ event: 'stop-failed', step: name, error }, 'the edge could not end all it runs');
    }
  }
}
