import type { CallerLeg } from '../leg/caller-leg.ts';

/** A caller that is heard of nothing within this time may give up: well within 100 ms from its INVITE. */
const firstMs = 60;
/** RFC 3261 13.3.1.1: a proxy on the way gives a call up that says nothing for three minutes. */
const repeatMs = 60_000;

/**
 * Tells the caller that its call is in hand while it has no gateway: soon after the INVITE, whether or not the control
 * plane has said anything, and again each minute. 180, at which every endpoint rings; a 182 leaves some silent. Its
 * phrase tells the place to those who read it.
 */
export class Ringback {
  readonly #caller: CallerLeg;
  #ahead: number | undefined;
  #hasRung = false;
  #timer: NodeJS.Timeout;

  constructor(caller: CallerLeg) {
    this.#caller = caller;
    this.#timer = setTimeout(() => this.#ring(), firstMs);
  }

  /** @param ahead how many calls wait before this one */
  waits(ahead: number): void {
    this.#ahead = ahead;
    if (!this.#hasRung) this.#ring();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #ring(): void {
    clearTimeout(this.#timer);
    this.#hasRung = true;
    this.#caller.ring(180, {}, this.#ahead ? `Queued, ${this.#ahead} ahead` : undefined);
    this.#timer = setTimeout(() => this.#ring(), repeatMs);
  }
}
