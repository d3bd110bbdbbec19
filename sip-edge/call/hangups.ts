import type { Hangup } from '../../contracts/commands.ts';
import { ControlPlaneUnavailable } from '../ports.ts';
import type { CallParts } from './call.ts';

export interface HangupListener {
  /** While there are none, nothing is asked. */
  countCalls(): number;
  onHangup(hangup: Hangup): void;
}

/**
 * Asks the control plane which calls have lost their gateway without a word: its task has stopped. Nothing outside can
 * reach an edge, so it asks, every few seconds and only while it has calls.
 */
export class HangupWatch {
  readonly #parts: Pick<CallParts, 'controlPlane' | 'log'>;
  readonly #listener: HangupListener;
  readonly #timer: NodeJS.Timeout;
  #isAsking = false;

  constructor(parts: Pick<CallParts, 'controlPlane' | 'settings' | 'log'>, listener: HangupListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#timer = setInterval(() => void this.#ask(), parts.settings.hangupPollMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking || this.#listener.countCalls() === 0) return;
    this.#isAsking = true;
    try {
      const { hangups } = await this.#parts.controlPlane.listHangups();
      for (const hangup of hangups) this.#listener.onHangup(hangup);
    } catch (error) {
      const why = error instanceof ControlPlaneUnavailable ? error.why : 'internal error';
      this.#parts.log.warn({ why, error }, 'no answer to listHangups: asking again');
    } finally {
      this.#isAsking = false;
    }
  }
}
