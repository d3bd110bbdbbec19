/**
 * @param values samples, any order
 * @param share 0..1, e.g. 0.99
 * @returns the smallest sample that at least that share of all is not above (nearest rank); NaN for none
 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** @returns count, p50, p99 and max of samples in milliseconds, rounded to so many decimals. */
export function summary(
  samplesMs: readonly number[],
  decimals = 1,
): Record<'count' | 'p50Ms' | 'p99Ms' | 'maxMs', number> {
  const round = (value: number) => Number(value.toFixed(decimals));
  return {
    count: samplesMs.length,
    p50Ms: round(percentile(samplesMs, 0.5)),
    p99Ms: round(percentile(samplesMs, 0.99)),
    maxMs: round(percentile(samplesMs, 1)),
  };
}
