import { Duration, type Stack } from 'aws-cdk-lib';
import type { Settings } from '../settings.ts';
import type { AlarmOptions } from './alarm-options.ts';
import { ownMetric } from './metrics.ts';

/** Do those who are in a call hear and see each other well? Each with its name, where the settings have a threshold for it. */
export function mediaAlarms(
  stack: Stack,
  { alarmLossPercent, alarmJitterMs }: Settings,
): (readonly [name: string, AlarmOptions])[] {
  const options = (metricName: 'PacketLoss' | 'Jitter', threshold: number, what: string): AlarmOptions => ({
    says: `One call in ten ${what}. npx switchroom cdr shows whose, and in which direction: sent is on the way to callers, received on the way from them.`,
    metric: ownMetric(stack, metricName, { statistic: 'p90', period: Duration.minutes(5) }),
    threshold,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
  });
  const lossy = `lost ${alarmLossPercent} % of its packets or more`;
  const jittery = `had a jitter of ${alarmJitterMs} ms or more`;
  const all = [
    ['MediaLossy', options('PacketLoss', alarmLossPercent, lossy)],
    ['MediaJittery', options('Jitter', alarmJitterMs, jittery)],
  ] as const;
  return all.filter(([, { threshold }]) => threshold > 0);
}
