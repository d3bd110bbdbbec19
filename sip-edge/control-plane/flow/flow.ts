import type { Clock, Log } from '../../ports.ts';
import { ConcurrencyLimit, lateMs } from './concurrency-limit.ts';
import { terms, type Urgency, urgencies } from './urgency.ts';

/** Commands that went together. */
export interface Sent {
  /** Epoch ms. */
  readonly sentAt: number;
  readonly urgencies: readonly Urgency[];
}

/** A line for each time that the limit is lowered would be several a second. */
const saidEveryMs = 10_000;

/**
 * All commands under way from this edge, of every function: they share one table. What is less urgent never holds up what
 * is more: for each kind only those count that are as urgent, or more.
 */
export class Flow {
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'warn'>;
  readonly #limit = new ConcurrencyLimit();
  readonly #underWay: Record<Urgency, number> = { refresh: 0, registration: 0, admitted: 0, call: 0 };
  /** In the order in which they were sent. */
  readonly #sent = new Set<Sent>();
  readonly #onRoom: (() => void)[] = [];
  #longestMs = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Pick<Log, 'warn'>) {
    this.#clock = clock;
    this.#log = log;
  }

  /** @returns epoch ms */
  now(): number {
    return this.#clock.now();
  }

  /** @param go is called whenever there may be room again, in the order in which they ask for it here */
  onRoom(go: () => void): void {
    this.#onRoom.push(go);
  }

  /** @returns how many more of this kind may be sent now; below zero where too many are under way */
  roomFor(urgency: Urgency): number {
    this.#lookAtOldest();
    const noLess = urgencies.slice(0, urgencies.indexOf(urgency) + 1);
    return Math.floor(this.limit * terms[urgency].share) - this.#count(noLess);
  }

  /** @param kinds of the commands that are sent together */
  send(kinds: readonly Urgency[]): Sent {
    const sent = { sentAt: this.now(), urgencies: kinds };
    for (const urgency of kinds) this.#underWay[urgency] += 1;
    this.#sent.add(sent);
    return sent;
  }

  /** @param isLost whether no answer has come */
  end(sent: Sent, isLost: boolean): void {
    const tookMs = this.now() - sent.sentAt;
    this.#longestMs = Math.max(this.#longestMs, tookMs);
    if (isLost || tookMs > lateMs) this.#isLate(sent, isLost);
    this.#sent.delete(sent);
    for (const urgency of sent.urgencies) this.#underWay[urgency] -= 1;
    for (const go of this.#onRoom) go();
  }

  /** How many commands may be under way now. */
  get limit(): number {
    return this.#limit.at(this.now());
  }

  /** @returns the longest that an answer took since this was asked before, or that one is missing, ms */
  takeLongestMs(): number {
    const longestMs = Math.max(this.#longestMs, this.#oldestMs);
    this.#longestMs = 0;
    return longestMs;
  }

  get #oldestMs(): number {
    const [oldest] = this.#sent;
    return oldest === undefined ? 0 : this.now() - oldest.sentAt;
  }

  #count(kinds: readonly Urgency[]): number {
    return kinds.reduce((sum, urgency) => sum + this.#underWay[urgency], 0);
  }

  /** A control plane that hangs says nothing at all. */
  #lookAtOldest(): void {
    const [oldest] = this.#sent;
    if (oldest && this.#oldestMs > lateMs) this.#isLate(oldest, false);
  }

  #isLate(sent: Sent, isLost: boolean): void {
    const now = this.now();
    const underWay = this.#count(urgencies);
    if (!this.#limit.late(sent.sentAt, underWay, now) || now - this.#saidAt < saidEveryMs) return;
    this.#saidAt = now;
    const fields = {
      event: 'control-plane-late',
      isLost,
      tookMs: now - sent.sentAt,
      underWay,
      limit: this.limit,
    };
    this.#log.warn(fields, 'the control plane is late: fewer commands at once');
  }
}
