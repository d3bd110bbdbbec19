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
const maxTextLength = 200;

/**
 * What an address does that is refused or not understood: some lines a minute, since a flood must not become one of log
 * lines. The next line after that tells how many were left out.
 */
export class LogByAddress {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #told: LruMap<string, Told>;

  /** @param trackedAddresses remembered at most: the least recent is forgotten first */
  constructor(log: Log, clock: Clock, trackedAddresses: number) {
    this.#log = log;
    this.#clock = clock;
    this.#told = new LruMap(trackedAddresses);
  }

  /** @param fields texts among them, which come from the network, are cut */
  warn(address: string, fields: Record<string, unknown>, message: string): void {
    const now = this.#clock.now();
    const before = this.#told.get(address);
    const isNew = before === undefined || now - before.since >= minuteMs;
    const told = isNew ? { since: now, lines: 0, untold: before?.untold ?? 0 } : before;
    this.#told.set(address, told);
    if (told.lines >= linesAMinute) {
      told.untold += 1;
      return;
    }
    told.lines += 1;
    const cut = Object.entries(fields).map(([name, value]) => [name, cutText(value)]);
    const untold = told.untold > 0 ? { untold: told.untold } : {};
    told.untold = 0;
    this.#log.warn({ ...Object.fromEntries(cut), address, ...untold }, message);
  }
}

const cutText = (value: unknown): unknown =>
  typeof value === 'string' && value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
