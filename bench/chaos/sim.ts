import { EventQueue } from '../simulate/event-queue.ts';

/** Of what was taken back. */
const nothing = Symbol('nothing');

/** Virtual time and chance: the same seed plays the same day. */
export class Sim {
  /** Epoch milliseconds. */
  nowMs = Date.parse('2026-11-30T08:00:00Z');
  readonly #queue = new EventQueue();
  readonly #ends: (() => void)[] = [];
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** mulberry32. @returns 0 up to 1 */
  readonly random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  chance(share: number): boolean {
    return share > 0 && this.random() < share;
  }

  between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  in(ms: number, run: () => void): void {
    this.after(ms, run);
  }

  /** @returns takes it back */
  readonly after = (ms: number, run: () => void): (() => void) => {
    let isTakenBack = false;
    this.#queue.push(this.nowMs + Math.max(0, Math.round(ms)), () => (isTakenBack ? nothing : run()));
    return () => {
      isTakenBack = true;
    };
  };

  every(ms: number, run: () => void): void {
    this.in(ms, () => {
      run();
      this.every(ms, run);
    });
  }

  readonly sleep = (ms: number): Promise<void> => new Promise((resolve) => this.in(ms, resolve));

  /** What is to be let go when the day is over. */
  atEnd(run: () => void): void {
    this.#ends.push(run);
  }

  end(): void {
    for (const run of this.#ends) run();
  }

  /** Plays what is due until then. What an event sets off at once is over before the next one. */
  async playUntil(untilMs: number): Promise<void> {
    for (;;) {
      const next = this.#queue.pop();
      if (next === undefined || next.atMs > untilMs) {
        if (next !== undefined) this.#queue.push(next.atMs, next.run);
        this.nowMs = untilMs;
        return;
      }
      this.nowMs = next.atMs;
      if (next.run() !== nothing) await new Promise(setImmediate);
    }
  }
}
