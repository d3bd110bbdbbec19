import { setTimeout as pause } from 'node:timers/promises';
import type { EdgeCall } from '../../contracts/commands.ts';
import type { CallIdentity } from '../../contracts/common.ts';
import { ControlPlaneUnavailable } from '../ports.ts';
import type { CallParts } from './call.ts';

export type AnsweredEdgeCall = EdgeCall & {
  readonly gateway: string;
  readonly callerDialogId: string;
  readonly gatewayDialogId: string;
};

export interface CallsToTakeOver {
  readonly answered: readonly AnsweredEdgeCall[];
  /** The application died while they were set up: they cannot be saved. */
  readonly lost: readonly EdgeCall[];
}

const retryMs = 2000;

/**
 * Reads which calls the table says this edge holds.
 * @param isHeld calls that this application knows itself
 * @param signal ends the wait for a control plane that does not answer
 */
export async function listCallsToTakeOver(
  parts: Pick<CallParts, 'controlPlane' | 'settings' | 'log'>,
  isHeld: (call: CallIdentity) => boolean,
  signal: AbortSignal,
): Promise<CallsToTakeOver> {
  const others = (calls: readonly EdgeCall[]) => calls.filter((call) => !isHeld(call));
  let calls = others(await listEdgeCalls(parts, signal));
  if (calls.some((call) => !isAnswered(call))) {
    // The fact of an answer may still be on its way, out of the outbox or over the bus: look again.
    await pause(parts.settings.probeIntervalMs, undefined, { signal }).catch(() => {});
    const seen = new Set(calls.map(({ traceId }) => traceId));
    calls = others(await listEdgeCalls(parts, signal)).filter(({ traceId }) => seen.has(traceId));
  }
  return { answered: calls.filter(isAnswered), lost: calls.filter((call) => !isAnswered(call)) };
}

function isAnswered(call: EdgeCall): call is AnsweredEdgeCall {
  const { state, gateway, callerDialogId, gatewayDialogId } = call;
  return state === 'answered' && ![gateway, callerDialogId, gatewayDialogId].includes(undefined);
}

async function listEdgeCalls(
  { controlPlane, log }: Pick<CallParts, 'controlPlane' | 'log'>,
  signal: AbortSignal,
): Promise<readonly EdgeCall[]> {
  while (!signal.aborted) {
    try {
      return (await controlPlane.listEdgeCalls()).calls;
    } catch (error) {
      if (!(error instanceof ControlPlaneUnavailable)) throw error;
      log.error({ why: error.why, error: error.message }, 'no answer to listEdgeCalls: asking again');
      await pause(retryMs, undefined, { signal }).catch(() => {});
    }
  }
  return [];
}
