import * as z from 'zod';
import { timeZoneSchema } from './common.ts';
import { originalFileSchema } from './original-timeline.ts';

/* What a policy of the pool says (docs/pool.md): checked when the stack is made, and read by the `fleet` function. */

const common = {
  timeZone: timeZoneSchema.optional(),
  maxGateways: z.int().min(1).optional(),
  startSec: z.number().positive().max(600).optional(),
  maxStarting: z.int().min(1).default(200),
  drainAfterSec: z.number().min(0).default(60),
  breaker: z
    .strictObject({
      failures: z.int().min(1).default(5),
      pauseSec: z.number().positive().default(60),
      maxPauseSec: z.number().positive().default(900),
    })
    .prefault({}),
};

const predictiveSchema = z.strictObject({
  policy: z.literal('predictive'),
  ...common,
  gateways: z.enum(['single-use', 'reuse']).optional(),
  minFree: z.int().min(0).default(2),
  serviceLevel: z.number().gt(0.5).lt(1).default(0.995),
  reserveShare: z.number().min(0).max(2).default(0.1),
});

/** Ours around the original's thresholds, where a time zone or a limit is to be given with them. */
const timelineSchema = z.strictObject({
  policy: z.literal('timeline'),
  ...common,
  timeline: originalFileSchema,
});

const ourSchema = z.discriminatedUnion('policy', [predictiveSchema, timelineSchema], {
  error: ({ code }) =>
    code === 'invalid_union'
      ? 'must be predictive or timeline, where there is no auto_scale_threshold as in scaler.json'
      : undefined,
});

/** What a policy says; where it is silent and the deployment decides, nothing. */
export type PoolPolicy = z.output<typeof ourSchema>;

/** The policy cannot be used. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  /** What is wrong, each with its place, in one line. */
  readonly problems: string;

  constructor(problems: string) {
    super(`The pool's policy: ${problems}`);
    this.problems = problems;
  }
}

/** The original's own file, not a slip in one of ours. */
const isOriginal = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'auto_scale_threshold' in json && !('policy' in json);

/**
 * Reads a policy: ours, or the original's own `scaler.json` unchanged.
 * @param json what the file holds
 * @throws PolicyError
 */
export function parsePoolPolicy(json: unknown): PoolPolicy {
  const original = isOriginal(json);
  const parsed = ourSchema.safeParse(original ? { policy: 'timeline', timeline: json } : json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    // As the file has it, without what was put around it.
    const place = (original ? path.slice(1) : path).join('.');
    return place === '' ? message : `${place}: ${message}`;
  });
  throw new PolicyError(problems.join('; '));
}
