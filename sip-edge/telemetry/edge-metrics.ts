import { type MetricName, metricNamespace, metrics, stackDimension } from '../../contracts/metrics.ts';
import type { Clock, Counted, Meter } from '../ports.ts';

type Gauge = 'EdgeCalls' | 'HalfOpenCalls' | 'FactDelay' | 'CommandTime';

const none: Readonly<Record<Counted, number>> = {
  RefusedInvites: 0,
  ControlPlaneFailures: 0,
  ShedCalls: 0,
  ShedRegisters: 0,
};

export interface EdgeMetricsOptions {
  /** Unset: nothing is written. */
  stackName: string | undefined;
  edgeId: string;
  everySec: number;
  /** The values as they are now, by metric. */
  gauges: Record<Gauge, () => number>;
  clock: Clock;
  /** Takes a line of JSON. */
  write(line: string): void;
}

/**
 * What only the edge sees, as one log line a minute in Embedded Metric Format, which CloudWatch makes metrics of. One
 * line whatever happens in the minute: a flood of requests must not become a flood of log lines.
 */
export class EdgeMetrics implements Meter {
  readonly #options: EdgeMetricsOptions;
  #counts = { ...none };
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(options: EdgeMetricsOptions) {
    this.#options = options;
    if (options.stackName !== undefined) {
      this.#timer = setInterval(() => this.#write(), options.everySec * 1000).unref();
    }
  }

  count(name: Counted): void {
    this.#counts[name] += 1;
  }

  /** Writes what was counted since the last line. */
  close(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#write();
  }

  #write(): void {
    const { stackName, edgeId, gauges, clock, write } = this.#options;
    const values: Partial<Record<MetricName, number>> = {
      EdgeCalls: gauges.EdgeCalls(),
      HalfOpenCalls: gauges.HalfOpenCalls(),
      FactDelay: gauges.FactDelay(),
      CommandTime: gauges.CommandTime(),
      ...this.#counts,
    };
    this.#counts = { ...none };
    const directive = {
      Namespace: metricNamespace,
      Dimensions: [[stackDimension]],
      Metrics: Object.keys(values).map((name) => ({ Name: name, Unit: metrics[name as MetricName] })),
    };
    const _aws = { Timestamp: clock.now(), CloudWatchMetrics: [directive] };
    write(`${JSON.stringify({ _aws, [stackDimension]: stackName, edgeId, ...values })}\n`);
  }
}
