import { terms, type Urgency, urgencies } from './urgency.ts';

/** What a command that waits tells of itself. */
export interface Waiting {
  readonly urgency: Urgency;
  /** Epoch ms. */
  readonly since: number;
  /** A later one with the same key stands for this one: its client has asked again. */
  readonly key?: string | undefined;
  /** Nobody is held up where it goes a moment later. */
  readonly hasTime?: boolean | undefined;
  /** Whether its client has gone. */
  isGone?(): boolean;
}

/** Of each kind; bounds memory. Fewer than that come within the longest patience while all goes well. */
const mostWaiting = 5000;

/** Commands that are not sent yet. */
export class WaitingCommands<T extends Waiting> {
  readonly #queues: Readonly<Record<Urgency, T[]>> = {
    refresh: [],
    registration: [],
    admitted: [],
    call: [],
  };
  readonly #byKey = new Map<string, T>();
  #size = 0;
  #inHaste = 0;

  get size(): number {
    return this.#size;
  }

  /** Whether all of them do. */
  get haveTime(): boolean {
    return this.#inHaste === 0;
  }

  /** @returns whether there was room for it */
  add(one: T): boolean {
    const queue = this.#queues[one.urgency];
    if (queue.length >= mostWaiting) return false;
    queue.push(one);
    if (one.key !== undefined) this.#byKey.set(one.key, one);
    this.#size += 1;
    if (!one.hasTime) this.#inHaste += 1;
    return true;
  }

  /** Takes out the one that a client has asked before. */
  takeEarlier(key: string): T | undefined {
    const earlier = this.#byKey.get(key);
    if (earlier === undefined) return undefined;
    const queue = this.#queues[earlier.urgency];
    queue.splice(queue.indexOf(earlier), 1);
    return this.#forget(earlier);
  }

  /** Takes out those that have waited for too long. @param now epoch ms */
  takeLate(now: number): T[] {
    const late: T[] = [];
    for (const urgency of urgencies) {
      const { patienceMs } = terms[urgency];
      const queue = this.#queues[urgency];
      const kept = queue.findIndex(({ since }) => since + patienceMs > now);
      late.push(...queue.splice(0, kept < 0 ? queue.length : kept));
    }
    for (const one of late) this.#forget(one);
    return late;
  }

  /**
   * Takes out those that go next: the most urgent first, each kind in the order in which it came.
   * @param most commands that go together
   * @param roomFor how many of a kind may be sent now, counting those that are under way and no less urgent
   * @returns beside them those met on the way whose client has gone
   */
  take(most: number, roomFor: (urgency: Urgency) => number): { next: T[]; gone: T[] } {
    const next: T[] = [];
    const gone: T[] = [];
    for (const urgency of urgencies) {
      const queue = this.#queues[urgency];
      // Those taken already are all at least as urgent.
      const last = Math.min(most, roomFor(urgency));
      while (next.length < last && queue.length > 0) {
        const one = this.#forget(queue.shift() as T);
        (one.isGone?.() ? gone : next).push(one);
      }
    }
    return { next, gone };
  }

  /** When the first has come of those that wait, epoch ms. */
  get oldestSince(): number | undefined {
    return this.#least(({ since }) => since);
  }

  /** When the patience of one is over, epoch ms. */
  get nextDeadline(): number | undefined {
    return this.#least(({ since, urgency }) => since + terms[urgency].patienceMs);
  }

  #least(of: (one: T) => number): number | undefined {
    const heads = urgencies.flatMap((urgency) => this.#queues[urgency].slice(0, 1));
    return heads.length === 0 ? undefined : Math.min(...heads.map(of));
  }

  #forget(one: T): T {
    const { key } = one;
    if (key !== undefined && this.#byKey.get(key) === one) this.#byKey.delete(key);
    this.#size -= 1;
    if (!one.hasTime) this.#inHaste -= 1;
    return one;
  }
}
