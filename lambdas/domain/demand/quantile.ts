/**
 * How many calls to be ready for, when `mean` are expected and the expectation itself is uncertain: the quantile of a
 * negative binomial, which is Poisson's where the spread is 0.
 * @param mean calls expected
 * @param spread standard deviation of the expectation, relative to it
 * @param level 0.5..1
 * @returns the smallest n that the calls do not exceed with this probability
 */
export function callsAtMost(mean: number, spread: number, level: number): number {
  if (mean <= 0) return 0;
  const variance = mean + (spread * mean) ** 2;
  if (mean > exactUpTo) return Math.ceil(byMoments(mean, variance, level));
  // Each term from the one before it: P(n) = P(n - 1) · odds · (n - 1 + size) / n.
  const size = spread > 0.001 ? 1 / spread ** 2 : 1e6;
  const odds = mean / (size + mean);
  let term = (1 - odds) ** size;
  let sum = term;
  let n = 0;
  while (sum < level && n < farOut) {
    n += 1;
    term *= (odds * (n - 1 + size)) / n;
    sum += term;
  }
  return n;
}

/** Beyond it the first terms come near the smallest number there is, and moments are exact to a fraction of a call. */
const exactUpTo = 150;
const farOut = 20_000;

/** Cornish and Fisher's first correction of the normal quantile for skewness. */
function byMoments(mean: number, variance: number, level: number): number {
  const deviation = Math.sqrt(variance);
  const z = normalQuantile(level);
  const skewness = (2 * variance - mean) / (mean * deviation);
  return mean + deviation * (z + ((z * z - 1) * skewness) / 6);
}

/**
 * The standard normal quantile; error below 4.5e-4 (Abramowitz and Stegun 26.2.23).
 * @param level 0.5..1
 */
function normalQuantile(level: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - level));
  const over = 2.515517 + t * (0.802853 + t * 0.010328);
  const under = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return Math.max(0, t - over / under);
}
