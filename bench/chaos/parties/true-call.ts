import type { Outcome } from '../../../contracts/outcomes.ts';
import type { Gateway } from './gateway.ts';

/** A call as the parties have it. */
export interface TrueCall {
  readonly callId: string;
  readonly traceId: string;
  readonly edgeId: string;
  readonly receivedAt: number;
  gateway?: Gateway | undefined;
  answeredAt?: number;
  endedAt?: number;
  /** What the caller was answered, where it was not 200. */
  refused?: Outcome;
  /** The caller has given up. */
  isCancelled?: boolean;
  /** It ended with the edge or its application, and not as either side wanted. */
  isBroken?: boolean;
}
