import * as z from 'zod';
import { listEdgeCallsSchema, renewEdgeSchema } from '../../../contracts/commands.ts';
import { consumedByCalls, type Fact } from '../../../contracts/facts.ts';
import { tickSchema } from '../../runtime/bus-events.ts';
import { batchSchema } from '../../runtime/fact-batch.ts';
import type { ConsumedFact } from './take-facts.ts';

/** All that the `calls` function is invoked with. */
export const callsInputSchema = z.union([listEdgeCallsSchema, renewEdgeSchema, batchSchema, tickSchema]);
export type CallsInput = z.output<typeof callsInputSchema>;

export function isConsumed(fact: Fact): fact is ConsumedFact {
  return (consumedByCalls as readonly string[]).includes(fact.type);
}
