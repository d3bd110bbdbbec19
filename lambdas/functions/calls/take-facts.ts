import type { consumedByCalls, FactOf } from '../../../contracts/facts.ts';
import type { Call } from '../../domain/call/call.ts';
import { applyFact } from '../../domain/call/call-state.ts';
import { aboutCall } from '../../domain/call/measurements.ts';
import type { Failed, Told } from '../../runtime/fact-batch.ts';
import type { Item } from '../../store/attributes.ts';
import { callKey, gatewayKey } from '../../store/keys.ts';
import { readAll } from '../../store/watched.ts';
import { settleCall } from '../../usecases/settle-call.ts';
import { type CallsDeps, tellRecord } from './tell-records.ts';

export type ConsumedFact = FactOf<(typeof consumedByCalls)[number]>;

/**
 * Acts on facts that came together, with one read of all calls and gateways that they name. A fact may come twice, late,
 * or before one that happened earlier: the table ends the same. Facts of one call fail together, and leave others alone.
 * Of a call that is over after them its record is told.
 * @param failed told of the messages that shall come again
 * @throws TableUnavailable where nothing could be read, and so all shall come again
 */
export async function takeFacts(
  told: readonly Told<ConsumedFact>[],
  deps: CallsDeps,
  failed: Failed,
): Promise<void> {
  const keys = new Set(told.flatMap(({ event }) => keysOf(event)));
  const read = await readAll(deps.table, [...keys]);
  const byCall = Map.groupBy(told, ({ event }) => callKey(event));
  const trying = async <T>(ofCall: readonly Told<ConsumedFact>[], act: () => Promise<T>) => {
    try {
      return await act();
    } catch (error) {
      const messageIds = ofCall.map(({ messageId }) => messageId);
      failed(messageIds, error as Error, aboutCall((ofCall[0] as Told<ConsumedFact>).event));
      return undefined;
    }
  };
  const taken = await Promise.all(
    [...byCall.values()].map(async (ofCall) => {
      const facts = ofCall.map(({ event }) => event);
      return { ofCall, call: await trying(ofCall, () => takeFactsOfCall(facts, read, deps)) };
    }),
  );
  // At once: all records of a batch then go to the bus in one request.
  await Promise.all(taken.map(({ ofCall, call }) => trying(ofCall, () => tellRecord(call, deps))));
}

/**
 * One after the other, as they happened; the same fact once. The first step changes what was read: the next reads anew.
 * @returns the call as it stands after the last step; undefined where that was not taken
 */
async function takeFactsOfCall(
  facts: readonly ConsumedFact[],
  read: readonly Item[],
  deps: CallsDeps,
): Promise<Call | undefined> {
  const inOrder = [...new Map(facts.map((fact) => [fact.id, fact])).values()].sort((a, b) => a.at - b.at);
  let call: Call | undefined;
  for (const [index, fact] of inOrder.entries()) {
    const told = gatewayOf(fact);
    call = await settleCall(fact, (seen) => applyFact(seen, fact), deps, {
      ...(told !== undefined && { told }),
      ...(index === 0 && { read }),
    });
  }
  return call;
}

const gatewayOf = (fact: ConsumedFact) => (fact.type === 'gateway.lost' ? fact.username : fact.gateway);

function keysOf(fact: ConsumedFact): string[] {
  const gateway = gatewayOf(fact);
  return gateway === undefined ? [callKey(fact)] : [callKey(fact), gatewayKey(gateway)];
}
