import { Metrics } from '@aws-lambda-powertools/metrics';
import { metricNamespace, metrics, outcomeDimension } from '../../contracts/metrics.ts';
import type { Measure } from '../domain/ports.ts';

/** Writes measurements to the log, where CloudWatch makes metrics of them: it costs no request and no wait. */
export function openMetrics(stackName: string): Measure {
  const emf = new Metrics({ namespace: metricNamespace, serviceName: stackName });
  return (measurements, about = {}) => {
    // A line has one time and one set of dimensions.
    const lines = Object.groupBy(measurements, ({ outcome, at }) => `${outcome} ${at}`);
    for (const line of Object.values(lines)) {
      const [first] = line ?? [];
      if (line === undefined || first === undefined) continue;
      if (first.at !== undefined) emf.setTimestamp(first.at);
      // Under its outcome, and in all.
      if (first.outcome !== undefined) emf.addDimension(outcomeDimension, first.outcome).addDimensions({});
      for (const [key, value] of Object.entries(about)) emf.addMetadata(key, value);
      for (const { name, value } of line) emf.addMetric(name, metrics[name], value);
      emf.publishStoredMetrics();
    }
  };
}
