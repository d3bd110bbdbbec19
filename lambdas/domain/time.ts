/** Gives the time in epoch milliseconds. Passed in, so that a test owns it. */
export type Clock = () => number;

/** Gives a number in [0, 1). Passed in, so that a test can repeat a choice. */
export type Random = () => number;

/** @returns the epoch second that holds this epoch millisecond. */
export function epochSec(atMs: number): number {
  return Math.floor(atMs / 1000);
}

/**
 * When something granted now runs out. Rounded up: whoever refreshes after exactly the time it was granted is not late.
 * @param nowMs epoch milliseconds
 * @param forSec how long it holds
 * @returns epoch seconds
 */
export function expiryAfter(nowMs: number, forSec: number): number {
  return Math.ceil(nowMs / 1000) + forSec;
}

/** Whether an item with this `expiresAt` (epoch seconds) still counts. DynamoDB deletes it up to days later. */
export function isLive(item: { expiresAt: number }, nowMs: number): boolean {
  return item.expiresAt > epochSec(nowMs);
}
