/**
 * What the fleet tells the calls of the pool, so that they know whether waiting is any use. The fleet says it after
 * each of its decisions. Without it, or where it is old (`poolTrustedMs`), nobody manages the pool and nobody waits.
 */
export interface Pool {
  /** Whether more gateways may be started now than are starting already. */
  mayGrow: boolean;
  /** Starts in flight: asked for, and not registered yet. */
  starting: number;
  /** Seconds from `updatedAt` until the next of them should be ready. */
  estimateSec?: number;
  /** Starts have failed again and again: no new ones are made but to try. */
  startsFailing: boolean;
  /** Gateways of ours that there are, starting, free, in a call or draining. */
  managed: number;
  /** The most of them that there may be. */
  maximum: number;
  updatedAt: number;
}
