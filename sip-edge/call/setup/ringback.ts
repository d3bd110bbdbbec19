import type { CallerLeg } from '../leg/caller-leg.ts';

/** How long after its INVITE a caller first hears 180, so that it does not take the silence for a failure. */
const firstMs = 60;
/** A proxy on the way ends a call that had no provisional answer for three minutes (RFC 3261 13.3.1.1). */
const repeatMs = 60_000;

/**
 * Tells the caller that its call is in hand while it has no gateway: soon after the INVITE, whether or not the control
 * plane has answered, and again each minute. It sends 180, at which every endpoint rings; at 182 some stay silent. The
 * phrase of the 180 tells people their place.
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
