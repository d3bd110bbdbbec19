/** Timer values of RFC 3261 17, in milliseconds. Tests make them small. */
export interface SipTimers {
  /** Estimate of the round trip. */
  t1Ms: number;
  /** Longest interval between retransmissions. */
  t2Ms: number;
  /** Longest time a message stays in the network. */
  t4Ms: number;
}

export const defaultTimers: SipTimers = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };

/** A timer that was set. Cancelling it is two writes; its slot goes when its time comes. */
export interface Timer {
  cancel(): void;
}

interface Entry extends Timer {
  due: number;
  run: (() => void) | undefined;
}

/** Timers of one duration come due in the order they were set, so they need one real timer and no heap. */
interface Queue {
  durationMs: number;
  entries: Entry[];
  /** Index of the oldest entry; those before are done. */
  head: number;
  real: NodeJS.Timeout | undefined;
}

/** Entries due within this time of each other share one wake-up. */
const granularityMs = 8;

/**
 * SIP sets a few timers for each transaction, nearly all cancelled, of some ten different durations. A real
 * timer each would cost memory for 32 s and a heap operation; here each is one small object in a queue of its
 * duration.
 */
export class Timers {
  private readonly queues = new Map<number, Queue>();
  private closed = false;

  /**
   * @param durationMs at least 0
   * @param run called once, at the earliest after `durationMs`
   */
  after(durationMs: number, run: () => void): Timer {
    const entry: Entry = { due: performance.now() + durationMs, run, cancel: cancelEntry };
    if (this.closed) {
      entry.run = undefined;
      return entry;
    }
    let queue = this.queues.get(durationMs);
    if (!queue) {
      queue = { durationMs, entries: [], head: 0, real: undefined };
      this.queues.set(durationMs, queue);
    }
    queue.entries.push(entry);
    if (queue.real === undefined) this.arm(queue, durationMs);
    return entry;
  }

  /** Forgets all timers. */
  close(): void {
    this.closed = true;
    for (const queue of this.queues.values()) clearTimeout(queue.real);
    this.queues.clear();
  }

  private arm(queue: Queue, inMs: number): void {
    queue.real = setTimeout(() => this.runDue(queue), Math.max(inMs, 1));
  }

  private runDue(queue: Queue): void {
    const { entries } = queue;
    const now = performance.now();
    while (queue.head < entries.length) {
      const entry = entries[queue.head] as Entry;
      if (entry.run !== undefined && entry.due > now) break;
      queue.head++;
      const { run } = entry;
      entry.run = undefined;
      run?.();
      if (this.closed) return;
    }
    if (queue.head === entries.length) {
      this.queues.delete(queue.durationMs);
      return;
    }
    if (queue.head > 1024 && queue.head * 2 > entries.length) {
      queue.entries = entries.slice(queue.head);
      queue.head = 0;
    }
    const next = queue.entries[queue.head] as Entry;
    this.arm(queue, Math.max(next.due - performance.now(), 0) + granularityMs);
  }
}

function cancelEntry(this: Entry): void {
  this.run = undefined;
}
