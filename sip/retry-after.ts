/**
 * Seconds to wait before another try. Spread, so that those refused together do not come back together.
 * @param leastSec the shortest wait
 * @param random in [0, 1)
 * @returns a whole number between `leastSec` and twice that
 */
export function retryAfterSec(leastSec = 5, random: () => number = Math.random): number {
  return leastSec + Math.floor(random() * (leastSec + 1));
}
