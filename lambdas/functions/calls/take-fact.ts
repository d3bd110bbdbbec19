import type { consumedByCalls, FactOf } from '../../../contracts/facts.ts';
import { applyFact } from '../../domain/call/call-state.ts';
import { type SettleDeps, settleCall } from '../../usecases/settle-call.ts';

export type ConsumedFact = FactOf<(typeof consumedByCalls)[number]>;

/**
 * Acts on one fact. It may come twice, late, or before one that happened earlier: the table ends the same.
 * @throws TableUnavailable, TableContention, TaskNotStopped
 */
export async function takeFact(fact: ConsumedFact, deps: SettleDeps): Promise<void> {
  const told = fact.type === 'gateway.lost' ? fact.username : fact.gateway;
  await settleCall(fact, (seen) => applyFact(seen, fact), told, deps);
}
