import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from '../../../command-line/command-error.ts';
import type { RunChild } from './child-process.ts';
import type { Supervision } from './supervision.ts';

export interface SupervisedOptions {
  name: string;
  /** Starts the process. `ready` resolves when the process serves. */
  start: () => { child: RunChild; ready: Promise<void> };
  /** How long it may take until it serves, ms. */
  startLimitMs: number;
  /** How long it may take to leave, ms. */
  graceMs: number;
  supervision: Supervision;
}

const firstPauseMs = 250;
const longestPauseMs = 5000;
/** A process that has lived for so long is started again at once when it dies. */
const steadyMs = 30_000;

/** A process that is started again when it dies, with growing pauses. */
export class Supervised {
  readonly #options: SupervisedOptions;
  #child: RunChild | undefined;
  readonly #stopped = new AbortController();
  #pauseMs = firstPauseMs;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  /**
   * Starts it for the first time.
   * @throws CommandError with the end of its log, where it does not come up
   */
  async start(): Promise<void> {
    const { name } = this.#options;
    const problem = await this.#launch();
    if (problem) {
      await this.#child?.stop(0);
      throw new CommandError(`${name} ${problem}: ${this.#child?.tail().join(' | ')}`);
    }
    void this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#child?.stop(this.#options.graceMs);
  }

  /** @returns what went wrong, or undefined where it serves */
  async #launch(): Promise<string | undefined> {
    const { start, startLimitMs, supervision } = this.#options;
    const { child, ready } = start();
    this.#child = child;
    const done = new AbortController();
    const limit = AbortSignal.any([supervision.signal, done.signal]);
    const result = await Promise.race([
      ready.then(() => undefined),
      child.exited.then(({ code, signal }) => `ended (${signal ?? `status ${code}`})`),
      delay(startLimitMs, `does not serve after ${startLimitMs / 1000} s`, { signal: limit }).catch(
        () => 'was stopped while it started',
      ),
    ]);
    done.abort();
    return result;
  }

  async #watch(): Promise<void> {
    const { name, supervision } = this.#options;
    while (!this.#stopped.signal.aborted && this.#child) {
      const child = this.#child;
      const since = Date.now();
      const exit = await child.exited;
      if (this.#stopped.signal.aborted) return;
      supervision.onDeath(name, exit, child.tail());
      if (Date.now() - since > steadyMs) this.#pauseMs = firstPauseMs;
      await delay(this.#pauseMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
      this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
      if (this.#stopped.signal.aborted) return;
      const problem = await this.#launch();
      if (!problem) supervision.onRestart(name);
      // One that hangs is ended; one that has exited already goes straight to the next round.
      else await this.#child.stop(0);
    }
  }
}
