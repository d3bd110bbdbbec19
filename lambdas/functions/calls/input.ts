import * as z from 'zod';
import { listEdgeCallsSchema, renewEdgeSchema } from '../../../contracts/commands.ts';
import { consumedByCalls, edgeEventSource, factSchema } from '../../../contracts/facts.ts';
import { batchSchema } from '../../runtime/fact-batch.ts';
import type { ConsumedFact } from './take-facts.ts';

/** A fact of the edge, as EventBridge writes it into the queue. */
export const factEventSchema = z.object({
  source: z.literal(edgeEventSource),
  'detail-type': z.string(),
  detail: factSchema,
});

/** The minute's tick of the EventBridge rule. */
const scheduledEventSchema = z.object({ 'detail-type': z.literal('Scheduled Event') });

/** All that the `calls` function is invoked with. */
export const callsInputSchema = z.union([
  listEdgeCallsSchema,
  renewEdgeSchema,
  batchSchema,
  scheduledEventSchema,
]);
export type CallsInput = z.output<typeof callsInputSchema>;

export function isConsumed(fact: z.output<typeof factSchema>): fact is ConsumedFact {
  return (consumedByCalls as readonly string[]).includes(fact.type);
}
