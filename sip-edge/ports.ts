import type {
  AllocateAnswer,
  AllocateGateway,
  EdgeCall,
  RegisterAnswer,
  RegisterCommand,
  RenewEdgeAnswer,
} from '../contracts/commands.ts';
import type { Fact } from '../contracts/facts.ts';

/* What the edge needs of the world. The adapters stand in control-plane.ts, outbox.ts and main.ts. */

/** The call that a command is for, as its edge sees it. */
export interface Asker {
  /** It was let in before: it waits for a gateway, or tries another. Else it may be turned away at once. */
  readonly isAdmitted: boolean;
  /** Its caller has gone: nobody waits for the answer. */
  isGone(): boolean;
}

export interface ControlPlane {
  /** @throws {ControlPlaneUnavailable} */
  register(command: RegisterCommand): Promise<RegisterAnswer>;
  /** @throws {ControlPlaneUnavailable} */
  allocate(command: AllocateGateway, asker: Asker): Promise<AllocateAnswer>;
  /**
   * The calls that this edge holds, as the table has them.
   * @throws {ControlPlaneUnavailable}
   */
  listEdgeCalls(): Promise<{ calls: readonly EdgeCall[] }>;
  /**
   * Renews the edge's lease.
   * @returns the calls of this edge whose gateway the control plane found gone
   * @throws {ControlPlaneUnavailable}
   */
  renewEdge(): Promise<RenewEdgeAnswer>;
}

/**
 * `bad-answer`: the function answered with what the contract does not know (a half-done deployment). Of these two nothing
 * was sent: `overloaded`, more was to be done than the control plane carries; `abandoned`, nobody waited for it any more.
 */
export type UnavailableCause =
  | 'timeout'
  | 'network'
  | 'throttled'
  | 'function-error'
  | 'bad-answer'
  | 'overloaded'
  | 'abandoned';

/** A command got no usable answer; the SIP request gets 503 with Retry-After. The command may be given again. */
export class ControlPlaneUnavailable extends Error {
  override readonly name = 'ControlPlaneUnavailable';
  readonly why: UnavailableCause;

  /**
   * @param why the kind of failure, for logs and metrics
   * @param message what happened, without secrets
   * @param options `cause`: the error below
   */
  constructor(why: UnavailableCause, message: string, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
  }
}

/** `Omit` would merge the members of the union into one. */
type WithoutEnvelope<F> = F extends Fact ? Omit<F, 'version' | 'id' | 'at' | 'edgeId'> : never;

/** A fact as its author says it; the sink adds version, id, edge, and the time unless given (epoch ms). */
export type NewFact = WithoutEnvelope<Fact> & { at?: number };

export interface FactSink {
  /** Says a fact. Never throws and never waits: a call goes on where the outbox cannot be written. */
  publish(fact: NewFact): void;
}

/** What the edge counts for the metrics of contracts/metrics.ts. */
export type Counted = 'RefusedInvites' | 'ControlPlaneFailures' | 'ShedCalls' | 'ShedRegisters';

export interface Meter {
  count(name: Counted): void;
}

export interface Clock {
  /** @returns milliseconds since 1970 (UTC). */
  now(): number;
}

/** A clock by which things are done later. */
export interface AlarmClock extends Clock {
  /** @returns takes it back; without effect once it has run */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: AlarmClock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * For spans of time. Nobody sets it back or forward, as the system's may be; it is as wrong as that was when this process
 * began, so that what others are told, or what must outlive the process, has the system's.
 */
export const steadyClock: AlarmClock = {
  ...systemClock,
  now: () => Math.round(performance.timeOrigin + performance.now()),
};

/** Runs it each so often, the first time after so long. @returns ends it */
export function every(clock: AlarmClock, ms: number, run: () => void): () => void {
  let takeBack = () => {};
  const schedule = () => {
    takeBack = clock.after(ms, () => {
      schedule();
      run();
    });
  };
  schedule();
  return () => takeBack();
}

/** Settles after so long, and at once where the signal ends it. Never rejects. */
export function pause(clock: AlarmClock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      takeBack();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const takeBack = clock.after(ms, end);
    signal?.addEventListener('abort', end);
  });
}

type LogMethod = (fields: Record<string, unknown>, message: string) => void;

/** The part of pino that the edge uses. `callId` and `outcome` stand in every line about a call. */
export interface Log {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
}
