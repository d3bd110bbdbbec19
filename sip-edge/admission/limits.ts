import { ownCopy } from '../../sip/own-copy.ts';
import type { Clock } from '../ports.ts';
import { LruMap } from './lru-map.ts';
import { Measure } from './measure.ts';
import { sourceOf } from './source.ts';

export interface LimitPolicy {
  addressRatePerSec: number;
  addressBurst: number;
  banAfterFailures: number;
  banWindowSec: number;
  banSec: number;
  trackedAddresses: number;
}

interface Failures {
  count: number;
  /** Epoch ms, all three. */
  since: number;
  bannedUntil: number;
}

/**
 * What one source may do: new requests by a token bucket, wrong passwords by a ban. Only wrong answers count,
 * never the first request without credentials. An address from which a gateway registered is exempt from both,
 * so that a site behind one NAT keeps its gateways. Bounded: the least recently seen is forgotten first.
 */
export class AddressLimits {
  readonly #policy: LimitPolicy;
  readonly #clock: Clock;
  readonly #measures: LruMap<Measure>;
  readonly #failures: LruMap<Failures>;
  /** Source → until when it is exempt, epoch ms. */
  readonly #exempt: LruMap<number>;
  /** User → the source from which it was let in last. */
  readonly #homes: LruMap<string>;

  constructor(policy: LimitPolicy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
    this.#measures = new LruMap(policy.trackedAddresses);
    this.#failures = new LruMap(policy.trackedAddresses);
    this.#exempt = new LruMap(policy.trackedAddresses);
    this.#homes = new LruMap(policy.trackedAddresses);
  }

  /** Counts a request. @returns `over` the limit: refuse; `flood`: do not even answer */
  take(address: string): 'ok' | 'over' | 'flood' {
    if (this.isExempt(address)) return 'ok';
    const { addressRatePerSec: rate, addressBurst: burst } = this.#policy;
    const now = this.#clock.now();
    const source = sourceOf(address);
    const measure = this.#measures.get(source) ?? new Measure(rate, burst, now);
    this.#measures.set(source, measure);
    return measure.take(now);
  }

  /** A gateway registered from there and may do so again until then. */
  exempt(address: string, seconds: number): void {
    this.#exempt.set(sourceOf(address), this.#clock.now() + seconds * 1000);
  }

  isExempt(address: string): boolean {
    return (this.#exempt.get(sourceOf(address)) ?? 0) > this.#clock.now();
  }

  isBanned(address: string): boolean {
    return !this.isExempt(address) && this.#isBanned(addressKey(address));
  }

  /**
   * @returns whether the user's name is being guessed at; not for an exempt address, nor for the one that the user was let
   *   in from last: whoever guesses elsewhere would lock them out
   */
  isUserBanned(username: string, address: string): boolean {
    const isAtHome = this.#homes.get(username) === sourceOf(address);
    return !isAtHome && !this.isExempt(address) && this.#isBanned(userKey(username));
  }

  countWrongAnswer(username: string, address: string): void {
    for (const key of [addressKey(address), userKey(username)]) this.#countFailure(key);
  }

  countRightAnswer(username: string, address: string): void {
    this.#failures.delete(addressKey(address));
    this.#failures.delete(userKey(username));
    this.#homes.set(username, ownCopy(sourceOf(address)));
  }

  #isBanned(key: string): boolean {
    return (this.#failures.get(key)?.bannedUntil ?? 0) > this.#clock.now();
  }

  #countFailure(key: string): void {
    const { banAfterFailures, banWindowSec, banSec } = this.#policy;
    const now = this.#clock.now();
    const known = this.#failures.get(key);
    const isRecent = known !== undefined && now - known.since < banWindowSec * 1000;
    const failures = isRecent ? known : { count: 0, since: now, bannedUntil: known?.bannedUntil ?? 0 };
    failures.count += 1;
    if (failures.count >= banAfterFailures) failures.bannedUntil = now + banSec * 1000;
    this.#failures.set(key, failures);
  }
}

const addressKey = (address: string) => `address:${sourceOf(address)}`;
const userKey = (username: string) => `user:${username}`;
