import type { Measurement } from '../../contracts/metrics.ts';

/* What use cases ask of the outside beside the table. Passed in, so that a test sees what was asked. */

/**
 * Notes what was measured.
 * @param about what the line is found by in the log, the Call-ID above all
 */
export type Measure = (measurements: readonly Measurement[], about?: Record<string, string>) => void;

/** Stops the task that runs a gateway; one that is gone already is fine. @throws (it) TaskNotStopped */
export type StopTask = (taskId: string, reason: string) => Promise<void>;
