import * as z from 'zod';
import { isTimeZone } from './local-time.ts';
import { originalFileSchema } from './original-timeline.ts';
import type { FleetPolicy } from './types.ts';

/** What the deployment says, where the policy's file does not. */
export interface PolicyDefaults {
  timeZone: string;
  maxGateways: number;
  gateways: 'single-use' | 'reuse';
}

/** The policy's file cannot be used; the message says where and why. */
export class PolicyError extends Error {
  override name = 'PolicyError';
}

const common = {
  timeZone: z.string().refine(isTimeZone, 'not an IANA time zone').optional(),
  maxGateways: z.int().min(1).optional(),
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
  startSec: z.number().positive().max(600).default(120),
  reserveShare: z.number().min(0).max(2).default(0.1),
});

/** Ours around the original's thresholds, where a time zone or a limit is to be given with them. */
const timelineSchema = z.strictObject({
  policy: z.literal('timeline'),
  ...common,
  timeline: originalFileSchema,
});

const ourSchema = z.discriminatedUnion('policy', [predictiveSchema, timelineSchema]);

/**
 * Reads a policy: ours, or the original's own `scaler.json` unchanged.
 * @param json what the file holds
 * @throws PolicyError
 */
export function parsePolicy(json: unknown, defaults: PolicyDefaults): FleetPolicy {
  const isOriginal = typeof json === 'object' && json !== null && 'auto_scale_threshold' in json;
  const parsed = ourSchema.safeParse(isOriginal ? { policy: 'timeline', timeline: json } : json);
  if (!parsed.success) throw new PolicyError(`The pool's policy:\n${z.prettifyError(parsed.error)}`);
  const { timeZone = defaults.timeZone, maxGateways = defaults.maxGateways, ...rest } = parsed.data;
  if (!isTimeZone(timeZone)) throw new PolicyError(`The pool's policy: ${timeZone} is not an IANA time zone`);
  if (rest.policy === 'predictive') {
    return { ...rest, timeZone, maxGateways, gateways: rest.gateways ?? defaults.gateways };
  }
  const { timeline, ...settings } = rest;
  return { ...settings, timeZone, maxGateways, week: timeline.auto_scale_threshold };
}
