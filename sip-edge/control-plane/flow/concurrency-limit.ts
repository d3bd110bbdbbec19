import { mostBatched } from '../../../contracts/commands.ts';

/** Commands that may always be under way, so that an answer that is late for once costs nothing. */
const fewest = mostBatched;
/** Commands that may be under way at most, and at first. */
const most = 300;
const loweredTo = 0.7;
/** Commands per second³: a limit of 70 that was 100 is so again after a second. */
const steepness = 30;

/**
 * How many commands may be under way: as many as are answered in time. It is the window of CUBIC, by which TCP finds what a
 * path carries (RFC 9438 4.2, 4.6): below what was under way when answers were late, once for all that was sent before;
 * then back to that within about a second, where it stays for a moment, and beyond it ever faster.
 */
export class ConcurrencyLimit {
  /** What was under way when it was lowered. */
  #peak = most;
  /** Epoch ms. */
  #loweredAt = Number.NEGATIVE_INFINITY;
  /** The last that was heard of a late answer, epoch ms. */
  #lateAt = Number.NEGATIVE_INFINITY;

  /** @param now epoch ms */
  at(now: number): number {
    const toPeakSec = Math.cbrt((this.#peak * (1 - loweredTo)) / steepness);
    const value = steepness * ((now - this.#lateAt) / 1000 - toPeakSec) ** 3 + this.#peak;
    return Math.floor(Math.min(most, Math.max(fewest, value)));
  }

  /**
   * Answers are late.
   * @param sentAt when the command of one was sent, epoch ms
   * @param underWay commands under way, this one among them
   * @param now epoch ms
   * @returns whether the limit is lowered: for those sent before it was lowered last it only stays where it is
   */
  late(sentAt: number, underWay: number, now: number): boolean {
    const isNews = sentAt >= this.#loweredAt;
    if (isNews) {
      this.#peak = Math.min(this.at(now), underWay);
      this.#loweredAt = now;
    }
    this.#lateAt = now;
    return isNews;
  }
}
