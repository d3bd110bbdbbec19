import type { Measurement, MetricName } from '../../../contracts/metrics.ts';
import { phasesOf, type StartPhases, type Task } from './task.ts';

const metricOf: Record<keyof StartPhases, MetricName> = {
  totalMs: 'StartTime',
  queuedMs: 'StartQueuedTime',
  pullingMs: 'StartPullTime',
  bootingMs: 'StartBootTime',
  registeringMs: 'StartRegisterTime',
};

/** How long a start took that has registered, in all and by phase. */
export function startMeasurements(task: Task): Measurement[] {
  const phases = phasesOf(task);
  return (Object.keys(metricOf) as (keyof StartPhases)[]).flatMap((phase) => {
    const value = phases[phase];
    return value === undefined ? [] : [{ name: metricOf[phase], value }];
  });
}
