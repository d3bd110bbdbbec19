import type { Clock, Log } from '../../ports.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { Lateness, lateMs } from './lateness.ts';
import { terms, type Urgency, urgencies } from './urgency.ts';

/** Commands that went together. */
export interface Sent {
  /** Epoch ms. */
  readonly sentAt: number;
  readonly urgencies: readonly Urgency[];
}

/** Those of one function. */
export interface Lane {
  readonly lateness: Lateness;
  /** In the order in which they were sent. */
  readonly sent: Set<Sent>;
  /** Is called whenever there may be room again. */
  readonly go: () => void;
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
  readonly #lanes: Lane[] = [];
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

  /** @param go is called whenever there may be room again; that of the lane opened first before the others */
  open(go: () => void): Lane {
    const lane = { lateness: new Lateness(), sent: new Set<Sent>(), go };
    this.#lanes.push(lane);
    return lane;
  }

  /** @returns how many more of this kind may be sent now; below zero where too many are under way */
  roomFor(urgency: Urgency): number {
    this.#lookForMissing();
    const noLess = urgencies.slice(0, urgencies.indexOf(urgency) + 1);
    return Math.floor(this.limit * terms[urgency].share) - this.#count(noLess);
  }

  /** @param kinds of the commands that are sent together */
  send(lane: Lane, kinds: readonly Urgency[]): Sent {
    const sent = { sentAt: this.now(), urgencies: kinds };
    for (const urgency of kinds) this.#underWay[urgency] += 1;
    lane.sent.add(sent);
    return sent;
  }

  /** @param isThrottled whether AWS had no room for it, which needs no second word */
  end(lane: Lane, sent: Sent, isThrottled: boolean): void {
    this.#longestMs = Math.max(this.#longestMs, this.now() - sent.sentAt);
    this.#see(lane, sent, isThrottled);
    lane.sent.delete(sent);
    for (const urgency of sent.urgencies) this.#underWay[urgency] -= 1;
    for (const { go } of this.#lanes) go();
  }

  /** How many commands may be under way now. */
  get limit(): number {
    return this.#limit.at(this.now());
  }

  /** @returns the longest that an answer took since this was asked before, or that one is missing, ms */
  takeLongestMs(): number {
    const missingMs = this.#lanes.flatMap(({ sent: [oldest] }) => (oldest ? this.now() - oldest.sentAt : []));
    const longestMs = Math.max(this.#longestMs, ...missingMs);
    this.#longestMs = 0;
    return longestMs;
  }

  #count(kinds: readonly Urgency[]): number {
    return kinds.reduce((sum, urgency) => sum + this.#underWay[urgency], 0);
  }

  /** A control plane that hangs says nothing at all. */
  #lookForMissing(): void {
    for (const lane of this.#lanes) {
      const [oldest] = lane.sent;
      if (oldest && this.now() - oldest.sentAt > lateMs) this.#see(lane, oldest);
    }
  }

  #see({ lateness }: Lane, { sentAt }: Sent, isThrottled = false): void {
    const now = this.now();
    if (!lateness.see(sentAt, now) && !isThrottled) return;
    const underWay = this.#count(urgencies);
    if (!this.#limit.late(sentAt, underWay, now) || now - this.#saidAt < saidEveryMs) return;
    this.#saidAt = now;
    const fields = {
      event: 'control-plane-late',
      isThrottled,
      tookMs: now - sentAt,
      underWay,
      limit: this.limit,
    };
    this.#log.warn(fields, 'the control plane is late: fewer commands at once');
  }
}
