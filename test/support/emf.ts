import { metricNamespace, metrics, outcomeDimension, stackDimension } from '../../contracts/metrics.ts';
import { outcomes } from '../../contracts/outcomes.ts';

/* Reads log lines as CloudWatch does: which metrics does it make of them? */

interface Directive {
  Namespace: string;
  Dimensions: string[][];
  Metrics: { Name: string; Unit: string }[];
}

/** One log line that metrics are made of (Embedded Metric Format). */
export interface EmfLine {
  _aws: { Timestamp: number; CloudWatchMetrics: Directive[] };
  [field: string]: unknown;
}

/** One value of one metric. */
export interface MetricValue {
  name: string;
  value: number;
  at: number;
  outcome?: string;
  callId?: string;
}

export const isEmf = (line: object): line is EmfLine => '_aws' in line;

/**
 * @returns the values that a line carries
 * @throws where something of it is not in contracts/metrics.ts
 */
export function readEmf(line: EmfLine, stackName: string): MetricValue[] {
  const fail = (what: string): never => {
    throw new Error(`${what}: ${JSON.stringify(line)}`);
  };
  const { Timestamp, CloudWatchMetrics } = line._aws;
  const [directive, ...others] = CloudWatchMetrics;
  if (directive === undefined || others.length > 0) return fail('not one directive');
  if (directive.Namespace !== metricNamespace) fail('namespace');
  if (line[stackDimension] !== stackName) fail('stack');
  const outcome = line[outcomeDimension] as string | undefined;
  const sets = directive.Dimensions.map((set) => [...set].sort().join()).sort();
  const expected =
    outcome === undefined ? [stackDimension] : [`${outcomeDimension},${stackDimension}`, stackDimension];
  if (JSON.stringify(sets) !== JSON.stringify(expected)) fail('dimensions');
  if (outcome !== undefined && !outcomes.includes(outcome as never)) fail('outcome');
  return directive.Metrics.map(({ Name, Unit }) => {
    if ((metrics as Record<string, string>)[Name] !== Unit) fail(`metric ${Name} in ${Unit}`);
    if ((Name === 'Calls') !== (outcome !== undefined)) fail(`metric ${Name} by outcome`);
    const value = line[Name];
    if (typeof value !== 'number') return fail(`value of ${Name}`);
    const callId = line.callId as string | undefined;
    return {
      name: Name,
      value,
      at: Timestamp,
      ...(outcome !== undefined && { outcome }),
      ...(callId !== undefined && { callId }),
    };
  });
}

/** @returns the sum of a metric over the lines of a log */
export function sumOf(lines: readonly object[], metric: string, stackName: string): number {
  return lines
    .filter(isEmf)
    .flatMap((line) => readEmf(line, stackName))
    .filter(({ name }) => name === metric)
    .reduce((total, { value }) => total + value, 0);
}
