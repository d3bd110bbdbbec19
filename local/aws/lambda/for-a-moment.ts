/** What is under way when all of it ends is given so long to end by itself. */
const stopLimitMs = 3000;

/** Waits until all of these have ended, however they do, but no longer than a stop may take. */
export async function forAMoment(underWay: Iterable<Promise<unknown>>): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    limit = setTimeout(resolve, stopLimitMs);
  });
  await Promise.race([over, Promise.allSettled(underWay)]);
  clearTimeout(limit);
}
