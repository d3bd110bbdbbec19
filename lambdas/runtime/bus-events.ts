import * as z from 'zod';
import { edgeEventSource, factSchema } from '../../contracts/facts.ts';

/* What EventBridge hands to more than one function. */

/** A fact of the edge. */
export const factEventSchema = z.object({
  source: z.literal(edgeEventSource),
  'detail-type': z.string(),
  detail: factSchema,
});

/** The minute's tick of a rule. */
export const tickSchema = z.object({ 'detail-type': z.literal('Scheduled Event') });
