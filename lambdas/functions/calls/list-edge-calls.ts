import type { EdgeCall, ListEdgeCalls, ListEdgeCallsAnswer } from '../../../contracts/commands.ts';
import { type Call, ownerOf } from '../../domain/call/call.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';
import { readQueue } from '../../usecases/waiting-queue.ts';
import { openCallsOf } from './open-calls.ts';

/** Most calls that one edge takes over. */
const maxCalls = 2000;

/**
 * The calls that an edge holds, by which its application finds its dialogs again after a restart; and those that
 * wait, which it must give up.
 */
export async function listEdgeCalls(
  { edgeId }: ListEdgeCalls,
  { table, now }: Pick<SettleDeps, 'table' | 'now'>,
): Promise<ListEdgeCallsAnswer> {
  const nowMs = now();
  const queue = await readQueue(table, nowMs);
  const waiting = [...queue.waiting, ...queue.silent].filter((call) => call.edgeId === edgeId);
  // After the queue: a call that got its gateway in between is then among these.
  const { calls } = await openCallsOf(table, edgeId, maxCalls, nowMs);
  const open = new Map([...waiting, ...calls].map((call) => [ownerOf(call), call]));
  return { calls: [...open.values()].flatMap(edgeCall) };
}

function edgeCall(call: Call): EdgeCall[] {
  const { callId, state, gateway, offeredAt, waitingSince, callerDialogId, gatewayDialogId, traceId } = call;
  if (state === 'ended' || (state !== 'waiting' && gateway === undefined)) return [];
  return [
    {
      callId,
      state,
      ...(gateway !== undefined && { gateway }),
      offeredAt: offeredAt ?? waitingSince ?? 0,
      ...(callerDialogId !== undefined && { callerDialogId }),
      ...(gatewayDialogId !== undefined && { gatewayDialogId }),
      ...(traceId !== undefined && { traceId }),
    },
  ];
}
