import { randomUUID } from 'node:crypto';
import { factVersion } from '../../contracts/facts.ts';
import { type AlarmClock, every, type FactSink, type Log, type NewFact } from '../ports.ts';
import type { Entry } from './batch.ts';
import { callOf, entryBytes } from './batch.ts';
import { type Delivery, Sender } from './sender.ts';
import type { FactStore } from './store.ts';

/** Where facts are kept, so that they outlive the application. */
export type KeptFacts = Pick<FactStore, 'tend' | 'add' | 'addMissing' | 'remove' | 'sync' | 'close'>;

export interface OutboxOptions {
  /** @param onLeftOver gets what the last run left, once it can be read */
  openStore: (onLeftOver: (left: Entry[]) => void) => KeptFacts;
  /** Facts kept at most, bytes; beyond, the oldest is given up and logged. */
  maxBytes: number;
  edgeId: string;
  deliver: Delivery;
  clock: AlarmClock;
  log: Log;
  /** @returns 0 up to 1 */
  random?: () => number;
  /** First pause after a failure, ms; doubles up to 30 s. */
  backoffMs?: number;
  /** How often what is only in memory is tried on disk again, and the file is synced, ms. */
  tendMs?: number;
}

/**
 * Facts on their way to the bus, kept until the bus has them. A fact counts as said once `publish` returned: it
 * is then in the file (see AppendLog for what that survives) and is sent again after a restart. Where the file
 * cannot be written the fact is kept in memory and an error is logged; the call goes on, and the file is tried
 * again. A fact may arrive twice, and in any order: every consumer allows for that.
 */
export class Outbox implements FactSink {
  readonly #options: OutboxOptions;
  readonly #store: KeptFacts;
  readonly #sender: Sender;
  /** All that the bus has not, oldest first. */
  readonly #pending = new Map<string, Entry>();
  #pendingBytes = 0;
  readonly #stopTimer: () => void;

  /** Reads what the last run left over and starts to send it. */
  constructor(options: OutboxOptions) {
    this.#options = options;
    const { deliver, clock, log, random } = options;
    this.#sender = new Sender({
      deliver,
      clock,
      log,
      ...(random && { random }),
      backoffMs: options.backoffMs ?? 100,
      onDone: (entries) => this.#done(entries),
    });
    this.#store = options.openStore((left) => this.#takeOver(left));
    this.#store.tend();
    this.#stopTimer = every(clock, options.tendMs ?? 1000, () => this.#tend());
  }

  /** Facts that the bus does not have yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** For how long the oldest of them has been waiting. */
  get delayMs(): number {
    const [oldest] = this.#pending.values();
    return oldest === undefined ? 0 : Math.max(this.#options.clock.now() - oldest.at, 0);
  }

  publish(fact: NewFact): void {
    const { edgeId, clock } = this.#options;
    const id = randomUUID();
    const at = fact.at ?? clock.now();
    const detail = JSON.stringify({ ...fact, version: factVersion, id, at, edgeId });
    const bytes = entryBytes(fact.type, detail);
    const entry: Entry = { id, type: fact.type, at, ...callOf(fact), detail, bytes, isStored: false };
    this.#store.add(entry);
    this.#enqueue(entry);
  }

  /**
   * Sends what can still be sent, then closes the file. What is left is sent after the next start.
   * @param patienceMs how long to try
   * @returns how many facts are left
   */
  async close(patienceMs: number): Promise<number> {
    await this.#sender.drain(patienceMs);
    this.#stopTimer();
    this.#sender.close();
    this.#store.addMissing(this.#pending.values());
    this.#store.close();
    return this.#pending.size;
  }

  #takeOver(left: Entry[]): void {
    const isNew = (entry: Entry) => !this.#pending.has(entry.id);
    const fresh = left.filter(isNew);
    if (fresh.length > 0) {
      this.#options.log.info(
        { event: 'outbox-replay', facts: fresh.length },
        'facts of the last run are sent',
      );
    }
    for (const entry of fresh) this.#enqueue(entry);
  }

  #enqueue(entry: Entry): void {
    this.#pending.set(entry.id, entry);
    this.#pendingBytes += entry.bytes;
    this.#sender.offer(entry);
    this.#keepWithinBounds();
  }

  #keepWithinBounds(): void {
    for (const entry of this.#pending.values()) {
      if (this.#pendingBytes <= this.#options.maxBytes) return;
      const { id, type, callId, traceId } = entry;
      this.#options.log.error(
        { event: 'outbox-full', callId, traceId, fact: type, id },
        'the oldest fact is given up',
      );
      this.#sender.withdraw(entry);
      this.#done([entry]);
    }
  }

  #done(entries: readonly Entry[]): void {
    const known = entries.filter((entry) => this.#pending.delete(entry.id));
    for (const entry of known) this.#pendingBytes -= entry.bytes;
    this.#store.remove(known, this.#pending.values(), this.#pendingBytes);
  }

  #tend(): void {
    this.#store.tend();
    this.#store.addMissing(this.#pending.values());
    this.#store.sync();
  }
}
