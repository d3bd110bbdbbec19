import type { ResponseOptions } from '../../drachtio/srf.ts';
import type { AlarmClock } from '../../ports.ts';
import type { CallerLeg } from '../leg/caller-leg.ts';

/** How long after its INVITE a caller first hears 180, so that it does not take the silence for a failure. */
const firstMs = 60;
/** A proxy on the way ends a call that had no provisional answer for three minutes (RFC 3261 13.3.1.1). */
const repeatMs = 60_000;

interface Provisional {
  readonly status: number;
  readonly options?: ResponseOptions;
  readonly phrase?: string;
}

const ringing: Provisional = { status: 180 };

/**
 * What a caller hears until its final answer. Soon after the INVITE its call is in hand, whether or not a gateway is known
 * or says anything; from then on what was said last is said again each minute. It is 180 while no gateway has said
 * another thing, at which every endpoint rings; at 182 some stay silent. The phrase of the 180 tells people their place.
 */
export class Ringback {
  readonly #caller: CallerLeg;
  readonly #clock: AlarmClock;
  #last = ringing;
  #hasRung = false;
  #stopTimer: () => void;

  constructor(caller: CallerLeg, clock: AlarmClock) {
    this.#caller = caller;
    this.#clock = clock;
    this.#stopTimer = clock.after(firstMs, () => this.#ring());
  }

  /** @param ahead how many calls wait before this one */
  waits(ahead: number): void {
    this.#last = ahead ? { ...ringing, phrase: `Queued, ${ahead} ahead` } : ringing;
    if (!this.#hasRung) this.#ring();
  }

  /** The call has a gateway, which has not said anything yet. */
  offered(): void {
    this.#last = ringing;
  }

  /** The gateway says something provisional. */
  says(status: number, options: ResponseOptions): void {
    this.#last = { status, options };
    this.#ring();
  }

  stop(): void {
    this.#stopTimer();
  }

  #ring(): void {
    this.#stopTimer();
    this.#hasRung = true;
    const { status, options, phrase } = this.#last;
    this.#caller.ring(status, options, phrase);
    this.#stopTimer = this.#clock.after(repeatMs, () => this.#ring());
  }
}
