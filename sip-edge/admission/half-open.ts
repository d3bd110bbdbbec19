import { LruMap } from './lru-map.ts';
import { sourceOf } from './source.ts';

export interface HalfOpenPolicy {
  /** Calls of strangers that may be half open at once; one source of them may have half as many. */
  halfOpenLimit: number;
  trackedAddresses: number;
}

/** A call from its INVITE to the caller's ACK. */
export interface HalfOpenCall {
  /** It waits in the queue, and holds no gateway. */
  pause(): void;
  /** It shall be offered to a gateway. @returns false where too many are: it must not have one */
  resume(): boolean;
  acknowledged(): void;
  /** @param isUnacknowledged its answer was never acknowledged. Without effect on a call that was acknowledged. */
  over(isUnacknowledged: boolean): void;
}

/** However much a source has acknowledged. */
const mostTrust = 500;

/**
 * Who never acknowledges a 200 holds a gateway for the 32 s that it is sent again (RFC 3261 13.3.1.4), and may write
 * any source into its packets. So a source may have as many half-open calls as it has acknowledged lately, and a few;
 * each one that it never acknowledges halves that. Those that have acknowledged none are strangers, and share a limit of
 * their own, which leaves the other gateways to those who call here. Bounded as the limits are.
 */
export class HalfOpenCalls {
  readonly #policy: HalfOpenPolicy;
  readonly #isExempt: (address: string) => boolean;
  readonly #open = new Map<string, number>();
  /** Source → calls that it has acknowledged. */
  readonly #trust: LruMap<number>;
  #strangers = 0;
  #size = 0;

  /** @param isExempt whether an address is bound by no limit */
  constructor(policy: HalfOpenPolicy, isExempt: (address: string) => boolean) {
    this.#policy = policy;
    this.#isExempt = isExempt;
    this.#trust = new LruMap(policy.trackedAddresses);
  }

  get size(): number {
    return this.#size;
  }

  /** An INVITE came. @returns undefined where too many are half open: it must be refused */
  open(address: string): HalfOpenCall | undefined {
    const source = sourceOf(address);
    let close = this.#enter(source, address);
    if (close === undefined) return undefined;
    const end = () => {
      const wasOpen = close !== undefined;
      close?.();
      close = undefined;
      return wasOpen;
    };
    return {
      pause: () => void end(),
      resume: () => {
        close ??= this.#enter(source, address);
        return close !== undefined;
      },
      acknowledged: () => {
        if (end()) this.#trust.set(source, Math.min(mostTrust, this.#trustIn(source) + 1));
      },
      over: (isUnacknowledged) => {
        if (end() && isUnacknowledged) this.#trust.set(source, Math.floor(this.#trustIn(source) / 2));
      },
    };
  }

  /** @returns what takes it out again; undefined where there is no room */
  #enter(source: string, address: string): (() => void) | undefined {
    const { halfOpenLimit } = this.#policy;
    const isExempt = this.#isExempt(address);
    const open = this.#open.get(source) ?? 0;
    const trust = this.#trustIn(source);
    const isStranger = !isExempt && trust === 0;
    if (!isExempt && open >= Math.ceil(halfOpenLimit / 2) + trust) return undefined;
    if (isStranger && this.#strangers >= halfOpenLimit) return undefined;
    this.#count(source, isStranger, 1);
    return () => this.#count(source, isStranger, -1);
  }

  #count(source: string, isStranger: boolean, by: 1 | -1): void {
    const open = (this.#open.get(source) ?? 0) + by;
    if (open === 0) this.#open.delete(source);
    else this.#open.set(source, open);
    if (isStranger) this.#strangers += by;
    this.#size += by;
  }

  #trustIn(source: string): number {
    return this.#trust.get(source) ?? 0;
  }
}
