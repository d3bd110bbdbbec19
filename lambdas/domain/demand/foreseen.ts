const minuteMs = 60_000;
/** A minute is noted when it is over, by when the two after it may have been foreseen. */
const keptMinutes = 3;

/** The calls that the policy foresaw for a minute of the clock when it last looked before that minute. */
export interface Foreseen {
  /** When the minute begins, epoch milliseconds. */
  at: number;
  calls: number;
}

/** @returns when the next minute of the clock begins, epoch milliseconds */
export const nextMinuteAt = (nowMs: number) => (Math.floor(nowMs / minuteMs) + 1) * minuteMs;

/** @param newest in the place of what was foreseen for that minute before */
export function foreseenWith(known: readonly Foreseen[], newest: Foreseen): Foreseen[] {
  const since = newest.at - keptMinutes * minuteMs;
  return [...known.filter(({ at }) => at < newest.at && at > since), newest];
}
