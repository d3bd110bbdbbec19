import type { EdgeCall, ListEdgeCalls, ListEdgeCallsAnswer } from '../../contracts/commands.ts';
import type { CallsDeps } from '../adapters/settle-call.ts';
import { openCallsOf } from './open-calls.ts';

/** Most calls that one edge takes over. */
const maxCalls = 2000;

/** The calls that an edge holds, by which its application finds its dialogs again after a restart. */
export async function listEdgeCalls(
  { edgeId }: ListEdgeCalls,
  { table, now }: Pick<CallsDeps, 'table' | 'now'>,
): Promise<ListEdgeCallsAnswer> {
  const { calls } = await openCallsOf(table, edgeId, maxCalls, now());
  return {
    calls: calls.flatMap((call): EdgeCall[] => {
      const { callId, state, gateway, offeredAt, callerDialogId, gatewayDialogId } = call;
      if (state === 'ended' || gateway === undefined) return [];
      return [
        {
          callId,
          state,
          gateway,
          offeredAt: offeredAt ?? 0,
          ...(callerDialogId !== undefined && { callerDialogId }),
          ...(gatewayDialogId !== undefined && { gatewayDialogId }),
        },
      ];
    }),
  };
}
