/**
 * Waits for a condition.
 * @param isMet polled; may return what it found
 * @throws after `patienceMs`, naming `what`
 */
export async function until<T>(
  what: string,
  isMet: () => T | Promise<T>,
  patienceMs = 10_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await isMet();
    if (found) return found as NonNullable<Exclude<T, false>>;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
