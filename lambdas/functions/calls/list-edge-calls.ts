import * as z from 'zod';
import type { EdgeCall, ListEdgeCalls, ListEdgeCallsAnswer } from '../../../contracts/commands.ts';
import { type Call, ownerOf } from '../../domain/call/call.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';
import { readQueue } from '../../usecases/waiting-queue.ts';
import { openCallsOf } from './open-calls.ts';

/** Calls of one page: an answer of 1 MB, of the 6 MB that a function may give. */
const pageSize = 2000;

/** The key of an item in the `watch` index: strings and numbers. */
const pageEndSchema = z.record(z.string(), z.union([z.string(), z.number()]));

/**
 * The calls that an edge holds, by which its application finds its dialogs again after a restart; and, on the first page,
 * those that wait, which it must give up.
 * @param most calls of one page
 */
export async function listEdgeCalls(
  { edgeId, after }: ListEdgeCalls,
  { table, now }: Pick<SettleDeps, 'table' | 'now'>,
  most = pageSize,
): Promise<ListEdgeCallsAnswer> {
  const nowMs = now();
  const queue = after === undefined ? await readQueue(table, nowMs) : { waiting: [], silent: [] };
  const waiting = [...queue.waiting, ...queue.silent].filter((call) => call.edgeId === edgeId);
  // After the queue: a call that got its gateway in between is then among these.
  const from = after === undefined ? undefined : pageEndSchema.parse(JSON.parse(after));
  const { calls, next } = await openCallsOf(table, edgeId, most, nowMs, undefined, from);
  const open = new Map([...waiting, ...calls].map((call) => [ownerOf(call), call]));
  return { calls: [...open.values()].flatMap(edgeCall), ...(next && { next: JSON.stringify(next) }) };
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
