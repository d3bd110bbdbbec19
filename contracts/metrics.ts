import type { Outcome } from './outcomes.ts';

/*
 * What is measured, in CloudWatch's Embedded Metric Format: a log line that CloudWatch makes metrics of. Who measures,
 * the dashboard and the alarms all take names and units from here.
 */

/** CloudWatch namespace of all our metrics. */
export const metricNamespace = 'Switchroom';

/** The dimension that every metric has: the name of the stack. */
export const stackDimension = 'service';
/** The second dimension of `Calls`. */
export const outcomeDimension = 'outcome';

type Unit = 'Count' | 'Milliseconds' | 'Seconds' | 'Percent';

/** Name → unit. */
export const metrics = {
  /** Once a minute, by the `calls` function: gateways that are free, locked, in a call, or left over by a lost edge. */
  RegisteredGateways: 'Count',
  /** Those of them that can be given to a call now. */
  FreeGateways: 'Count',
  /** Promised to a call that is not answered yet. */
  LockedGateways: 'Count',
  /** In an answered call. */
  BusyGateways: 'Count',

  /** Once a minute, by the `fleet` function: gateways of ours that there are, in any state. */
  ManagedGateways: 'Count',
  /** Those of them that have not registered yet. */
  StartingGateways: 'Count',
  /** Calls that wait for a gateway. */
  WaitingCalls: 'Count',
  /** 1 while starts fail so often that they are only tried now and then. */
  StartsFailing: 'Count',
  /** Starts that came to nothing. */
  FailedStarts: 'Count',
  /** From the request of a start to its registration, and its phases: until the image is pulled; the pull; until the
   * container runs; until its gateway has registered. */
  StartTime: 'Milliseconds',
  StartQueuedTime: 'Milliseconds',
  StartPullTime: 'Milliseconds',
  StartBootTime: 'Milliseconds',
  StartRegisterTime: 'Milliseconds',

  /** One for each call, as it ends or comes to nothing; also by outcome. */
  Calls: 'Count',
  /** From the INVITE to its answer. */
  SetupTime: 'Milliseconds',
  /** From the INVITE until a gateway was locked for it. */
  WaitTime: 'Milliseconds',
  /** From the answer to the end. */
  CallLength: 'Seconds',
  /** One for each call whose gateway told it: packets lost of its worst stream, in its worse direction. */
  PacketLoss: 'Percent',
  /** The same of the jitter. */
  Jitter: 'Milliseconds',
  /** Gateways that an allocation tried to lock and another had first. */
  AllocationConflicts: 'Count',

  /** Once a minute, by each edge: its calls in set-up and in progress. */
  EdgeCalls: 'Count',
  /** Those of them that hold a gateway, or ask for one, and whose callers have not acknowledged an answer. */
  HalfOpenCalls: 'Count',
  /**
   * INVITEs refused before anything was asked of the control plane: nobody allowed to call, malformed, or too many
   * half open.
   */
  RefusedInvites: 'Count',
  /** Commands that got no answer from the control plane. */
  ControlPlaneFailures: 'Count',
  /** Calls, and REGISTERs, refused since more was to be done than the control plane answers in time. */
  ShedCalls: 'Count',
  ShedRegisters: 'Count',
  /** The longest that a command was under way within the minute. */
  CommandTime: 'Milliseconds',
  /** Facts that a function could not handle, and that come again. */
  FailedFacts: 'Count',
  /** Age of the oldest fact that an edge has not handed to the bus yet. */
  FactDelay: 'Seconds',
} as const satisfies Record<string, Unit>;

export type MetricName = keyof typeof metrics;

/** One value of one metric. */
export interface Measurement {
  name: MetricName;
  value: number;
  /** Counts it under this outcome as well as in all. */
  outcome?: Outcome;
  /** When it was so, epoch milliseconds; now unless given. */
  at?: number;
}
