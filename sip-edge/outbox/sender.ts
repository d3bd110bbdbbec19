import type { AlarmClock, Log } from '../ports.ts';
import { type Entry, maxBatchBytes, maxBatchEntries, takeBatch } from './batch.ts';

/** What became of one entry: `again` may be sent later, `never` is one the bus will not take. */
export type DeliveryResult = { result: 'sent' } | { result: 'again' | 'never'; why: string };

/**
 * Sends a batch.
 * @returns one result for each entry, in order
 * @throws where the batch as a whole did not arrive: it is sent again
 */
export type Delivery = (batch: readonly Entry[]) => Promise<DeliveryResult[]>;

export interface SenderOptions {
  deliver: Delivery;
  clock: AlarmClock;
  log: Log;
  /** First pause after a failure, ms. */
  backoffMs: number;
  /** These are sent, or will never be taken. */
  onDone(entries: readonly Entry[]): void;
  random?: () => number;
}

const maxBackoffMs = 30_000;
/** Facts of one moment go together, and so do their batches behind the bus. Nobody waits for most of them. */
const lingerMs = 100;
/** The pool starts a gateway for it. */
const urgentType = 'call.waiting';
/** Full batches in flight at once. A batch that is not full waits for the one before, and fills up meanwhile. */
const maxInFlight = 4;

/** Sends entries in batches as large as the moment makes them, with back-off and jitter where the bus fails. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #queue: Entry[] = [];
  #inFlight = 0;
  #failures = 0;
  /** Ends the pause after a failure, where there is one. */
  #endPause: (() => void) | undefined;
  #isPumpDue = false;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  offer(entry: Entry): void {
    this.#queue.push(entry);
    if (entry.type === urgentType) this.#pump();
    else this.#schedule();
  }

  /** Takes back an entry that is not on its way. */
  withdraw(entry: Entry): void {
    const at = this.#queue.indexOf(entry);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** Settles when all is sent, or after `patienceMs`. A pause is cut short. */
  async drain(patienceMs: number): Promise<void> {
    if (this.#isIdle()) return;
    this.#resume();
    await new Promise<void>((resolve) => {
      const stopTimer = this.#options.clock.after(patienceMs, resolve);
      this.#onIdle = () => {
        stopTimer();
        resolve();
      };
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#endPause?.();
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#inFlight === 0;
  }

  /** Waits a moment, so that facts published together go in one batch. */
  #schedule(): void {
    if (this.#isPumpDue || this.#endPause !== undefined) return;
    this.#isPumpDue = true;
    this.#options.clock.after(lingerMs, () => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#isClosed && this.#endPause === undefined && this.#inFlight < maxInFlight) {
      const isFull = this.#queue.length >= maxBatchEntries;
      if (this.#inFlight > 0 && !isFull) break;
      const batch = takeBatch(this.#queue);
      if (batch.length === 0) break;
      this.#inFlight += 1;
      void this.#send(batch);
    }
    if (this.#isIdle()) this.#onIdle?.();
  }

  async #send(batch: readonly Entry[]): Promise<void> {
    let again: readonly Entry[] = batch;
    let why = '';
    try {
      const results = await this.#options.deliver(batch);
      const done = batch.filter((_entry, index) => results[index]?.result !== 'again');
      again = batch.filter((_entry, index) => results[index]?.result === 'again');
      why = results.flatMap((result) => (result.result === 'again' ? [result.why] : []))[0] ?? '';
      results.forEach((result, index) => {
        const entry = batch[index];
        if (result.result === 'never' && entry) this.#tellLost(entry, result.why);
      });
      this.#options.onDone(done);
    } catch (error) {
      why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
    this.#inFlight -= 1;
    if (again.length > 0) this.#retry(again, why);
    else this.#failures = 0;
    this.#pump();
  }

  #tellLost(entry: Entry, why: string): void {
    const { id, type, callId, traceId, detail } = entry;
    // The fact is kept nowhere else from here on, so the line has all of it.
    const fields = { event: 'fact-rejected', id, fact: type, callId, traceId, why, bytes: entry.bytes };
    this.#options.log.error({ ...fields, detail: detail.slice(0, maxBatchBytes) }, 'the bus refused a fact');
  }

  #retry(entries: readonly Entry[], why: string): void {
    this.#queue.unshift(...entries);
    this.#failures += 1;
    const { backoffMs, random = Math.random, clock, log } = this.#options;
    const ceilingMs = Math.min(maxBackoffMs, backoffMs * 2 ** (this.#failures - 1));
    const pauseMs = Math.round(ceilingMs * (0.5 + random() / 2));
    const fields = {
      event: 'facts-delayed',
      facts: entries.length,
      waiting: this.#queue.length,
      why,
      pauseMs,
    };
    log.warn({ ...fields, callIds: entries.flatMap(({ callId }) => callId ?? []) }, 'facts are sent again');
    this.#endPause?.();
    if (!this.#isClosed) this.#endPause = clock.after(pauseMs, () => this.#resume());
  }

  #resume(): void {
    this.#endPause?.();
    this.#endPause = undefined;
    this.#schedule();
  }
}
