/** An answer that takes longer is late. A warm one takes 10 to 30 ms, a cold one some hundred. */
export const lateMs = 500;
/** So long all must be late. */
const persistMs = 500;

/**
 * Whether answers are late because more is under way than is carried, and not just some of them: only where none is in time
 * for half a second. So CoDel tells a queue that stays from one that comes and goes, by the shortest delay of an interval
 * (RFC 8289 3.2, 5.4). A cold start, a pause or a slow tail leaves others in time.
 */
export class Lateness {
  /** The first that was late since one was in time, epoch ms. */
  #firstAt: number | undefined;

  /**
   * An answer has come, or is missing still.
   * @param sentAt when its command was sent, epoch ms
   * @param now epoch ms
   * @returns whether too much is under way
   */
  see(sentAt: number, now: number): boolean {
    if (now - sentAt <= lateMs) {
      this.#firstAt = undefined;
      return false;
    }
    this.#firstAt ??= now;
    return now - this.#firstAt >= persistMs;
  }
}
