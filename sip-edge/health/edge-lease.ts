import type { Hangup } from '../../contracts/commands.ts';
import { type AlarmClock, type ControlPlane, ControlPlaneUnavailable, every, type Log } from '../ports.ts';
import type { Settings } from '../settings.ts';

export interface EdgeLeaseParts {
  controlPlane: Pick<ControlPlane, 'renewEdge'>;
  settings: Pick<Settings, 'heartbeatSec' | 'hangupPollMs'>;
  clock: AlarmClock;
  log: Log;
  countCalls(): number;
  /** The gateway of a call is gone, or an operator wants the call ended. */
  onHangup(hangup: Hangup): void;
}

/**
 * Renews the edge's lease while it can serve its calls, that is, while it has its drachtio; and is told which calls have
 * lost their gateway without a word, and whether an operator drains this edge. Nothing outside can reach an edge, so it asks: often while it has calls, and
 * seldom while it has none.
 */
export class EdgeLease {
  readonly #parts: EdgeLeaseParts;
  #stopTimer: () => void = () => {};
  #askedAt = 0;
  #isAsking = false;
  #isDraining = false;

  constructor(parts: EdgeLeaseParts) {
    this.#parts = parts;
  }

  /** Asks at once, and from then on at each interval. */
  start(): void {
    this.stop();
    void this.#ask();
    const { clock, settings } = this.#parts;
    this.#stopTimer = every(clock, settings.hangupPollMs, () => this.#tick());
  }

  stop(): void {
    this.#stopTimer();
  }

  /** Whether an operator drains this edge, as it was told last. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  #tick(): void {
    const { clock, countCalls, settings } = this.#parts;
    const isDue = clock.now() - this.#askedAt >= settings.heartbeatSec * 1000;
    if (isDue || countCalls() > 0) void this.#ask();
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { clock, controlPlane, log, onHangup } = this.#parts;
    this.#askedAt = clock.now();
    try {
      const { hangups, draining = false } = await controlPlane.renewEdge();
      this.#heed(draining);
      for (const hangup of hangups) onHangup(hangup);
    } catch (error) {
      const why = error instanceof ControlPlaneUnavailable ? error.why : 'internal error';
      log.warn({ why, error }, 'no answer to renewEdge: asking again');
    } finally {
      this.#isAsking = false;
    }
  }

  #heed(isDraining: boolean): void {
    if (isDraining === this.#isDraining) return;
    this.#isDraining = isDraining;
    const { log } = this.#parts;
    if (isDraining) log.info({ event: 'edge-drain-ordered' }, 'an operator drains this edge');
    else log.info({ event: 'edge-resumed' }, 'this edge is drained no longer');
  }
}
