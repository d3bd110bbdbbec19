/** Above this many times the limit an answer would only help the flood. */
const floodFactor = 10;

/** So many at once, and so many a second after that. */
class TokenBucket {
  readonly #ratePerSec: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(ratePerSec: number, capacity: number, nowMs: number) {
    this.#ratePerSec = ratePerSec;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAtMs = nowMs;
  }

  take(nowMs: number): boolean {
    const elapsedSec = Math.max(0, nowMs - this.#filledAtMs) / 1000;
    this.#tokens = Math.min(this.#capacity, this.#tokens + elapsedSec * this.#ratePerSec);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** What one source of requests may send. */
export class Measure {
  readonly #normal: TokenBucket;
  readonly #flood: TokenBucket;

  /** @param burst so many at once. @param nowMs by a clock of the caller's choice, the same one each time */
  constructor(ratePerSec: number, burst: number, nowMs: number) {
    this.#normal = new TokenBucket(ratePerSec, burst, nowMs);
    this.#flood = new TokenBucket(ratePerSec * floodFactor, burst * floodFactor, nowMs);
  }

  /** Counts a request. @returns `over` the limit: refuse; `flood`: do not even answer */
  take(nowMs: number): 'ok' | 'over' | 'flood' {
    const inFlood = !this.#flood.take(nowMs);
    const isOver = !this.#normal.take(nowMs);
    if (inFlood) return 'flood';
    return isOver ? 'over' : 'ok';
  }
}
