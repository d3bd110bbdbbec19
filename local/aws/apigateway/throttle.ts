import { performance } from 'node:perf_hooks';

/** What a route takes ("Throttle requests to your HTTP APIs for better throughput in API Gateway"). */
export interface Throttle {
  ratePerSec: number;
  /** So many at once. */
  burst: number;
}

/** A bucket of tokens, one for each request, that fills at the rate and holds the burst. */
export class TokenBucket {
  readonly #throttle: Throttle;
  readonly #nowMs: () => number;
  #tokens: number;
  #filledAtMs: number;

  constructor(throttle: Throttle, nowMs = () => performance.now()) {
    this.#throttle = throttle;
    this.#nowMs = nowMs;
    this.#tokens = throttle.burst;
    this.#filledAtMs = nowMs();
  }

  /** @returns whether there was a token */
  take(): boolean {
    const { ratePerSec, burst } = this.#throttle;
    const nowMs = this.#nowMs();
    const filled = this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * ratePerSec;
    this.#tokens = Math.min(burst, filled);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
