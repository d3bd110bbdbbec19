import { ownCopy } from '../../sip/own-copy.ts';

/** Nonce counts seen of one nonce: the highest, and a bit for each of the 31 below it. */
interface Seen {
  highest: number;
  window: number;
  issuedAt: number;
}

const windowSize = 31;
const fullWindow = 2 ** windowSize - 1;

/**
 * Remembers which nonce counts were used (RFC 7616 3.4: a server refuses a count that it has seen).
 * A window, not only the highest, since UDP may swap two requests. Only nonces used with the right password
 * are remembered, so that only who has it can fill the memory. Forgetting a nonce raises a floor: every nonce issued
 * before the floor counts as stale. The floor begins at the application's start, since nothing is remembered before.
 * The memory is this edge's own: a request replayed to another edge within the nonce's lifetime is not seen.
 */
export class NonceCounts {
  readonly #seen = new Map<string, Seen>();
  readonly #capacity: number;
  #floor: number;

  /** @param capacity nonces remembered. @param startedAt epoch ms */
  constructor(capacity: number, startedAt: number) {
    this.#capacity = capacity;
    this.#floor = startedAt;
  }

  /** @returns whether a nonce issued then (epoch ms), and not remembered, may have been used before */
  isForgotten(nonce: string, issuedAt: number): boolean {
    return issuedAt <= this.#floor && !this.#seen.has(nonce);
  }

  /**
   * Takes a count as used.
   * @param count 1 to 4294967295
   * @returns false where it was used before, or is too old to know
   */
  use(nonce: string, issuedAt: number, count: number): boolean {
    const seen = this.#seen.get(nonce);
    if (seen === undefined) {
      this.#seen.set(ownCopy(nonce), { highest: count, window: 0, issuedAt });
      this.#shrink();
      return true;
    }
    const ahead = count - seen.highest;
    if (ahead > 0) {
      const shifted = ahead > windowSize ? 0 : seen.window * 2 ** ahead + 2 ** (ahead - 1);
      seen.window = shifted % (fullWindow + 1);
      seen.highest = count;
      return true;
    }
    const bit = 2 ** (-ahead - 1);
    if (ahead === 0 || -ahead > windowSize || Math.floor(seen.window / bit) % 2 === 1) return false;
    seen.window += bit;
    return true;
  }

  /**
   * Forgets what no longer counts. Where the clock was set back all is forgotten, as at the start: else every nonce would
   * be one from before the floor, and nobody be let in, until the time is there again.
   * @param before epoch ms: nonces issued earlier are stale anyway
   * @param now epoch ms
   * @param latest epoch ms: none that counts was issued later
   */
  expire({ before, now, latest }: { before: number; now: number; latest: number }): void {
    if (this.#floor > latest) {
      this.#seen.clear();
      // A challenge of this very moment counts.
      this.#floor = now - 1;
    }
    for (const [nonce, seen] of this.#seen) {
      // Nonces are kept in the order of their first use, which is nearly that of their issue: one that was used late is
      // forgotten a round later.
      if (seen.issuedAt >= before) break;
      this.#seen.delete(nonce);
    }
    this.#floor = Math.max(this.#floor, before - 1);
  }

  #shrink(): void {
    if (this.#seen.size <= this.#capacity) return;
    for (const [nonce, seen] of this.#seen) {
      this.#seen.delete(nonce);
      this.#floor = Math.max(this.#floor, seen.issuedAt);
      break;
    }
  }

  get size(): number {
    return this.#seen.size;
  }
}
