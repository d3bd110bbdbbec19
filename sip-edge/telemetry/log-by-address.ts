import { LruMap } from '../admission/lru-map.ts';
import type { Clock, Log } from '../ports.ts';

/** Lines of one address in this minute, and how many more there were that nobody reads. */
interface Told {
  since: number;
  lines: number;
  untold: number;
}

const minuteMs = 60_000;
const linesAMinute = 10;
/** Of all addresses: whoever writes the source of its packets itself is another one each time. */
const linesAMinuteOfAll = 600;
const maxTextLength = 200;

/** @returns what was told in this minute. @param now ms */
const inThisMinute = (before: Told | undefined, now: number): Told =>
  before === undefined || now - before.since >= minuteMs
    ? { since: now, lines: 0, untold: before?.untold ?? 0 }
    : before;

/**
 * What an address does that is refused or not understood: some lines a minute, and so many of all, since a flood must not
 * become one of log lines. The next line after that tells how many were left out.
 */
export class LogByAddress {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #told: LruMap<Told>;
  #ofAll: Told | undefined;

  /** @param trackedAddresses remembered at most: the least recent is forgotten first */
  constructor(log: Log, clock: Clock, trackedAddresses: number) {
    this.#log = log;
    this.#clock = clock;
    this.#told = new LruMap(trackedAddresses);
  }

  /** @param fields texts among them, which come from the network, are cut */
  warn(address: string, fields: Record<string, unknown>, message: string): void {
    const now = this.#clock.now();
    const told = inThisMinute(this.#told.get(address), now);
    const ofAll = inThisMinute(this.#ofAll, now);
    this.#told.set(address, told);
    this.#ofAll = ofAll;
    if (told.lines >= linesAMinute) {
      told.untold += 1;
      return;
    }
    if (ofAll.lines >= linesAMinuteOfAll) {
      ofAll.untold += 1;
      return;
    }
    const cut = Object.entries(fields).map(([name, value]) => [name, cutText(value)]);
    const untold = {
      ...(told.untold > 0 && { untold: told.untold }),
      ...(ofAll.untold > 0 && { untoldOfAll: ofAll.untold }),
    };
    for (const one of [told, ofAll]) {
      one.lines += 1;
      one.untold = 0;
    }
    this.#log.warn({ ...Object.fromEntries(cut), address, ...untold }, message);
  }
}

const cutText = (value: unknown): unknown =>
  typeof value === 'string' && value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
