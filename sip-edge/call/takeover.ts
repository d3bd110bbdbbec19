import type { EdgeCall } from '../../contracts/commands.ts';
import { ControlPlaneUnavailable, pause } from '../ports.ts';
import type { CallParts } from './call.ts';

export type AnsweredEdgeCall = EdgeCall & {
  readonly gateway: string;
  readonly callerDialogId: string;
  readonly gatewayDialogId: string;
};

export interface TakeoverActions {
  /** Whether this application holds the call, or held it a moment ago. */
  isHeld(call: EdgeCall): boolean;
  /** Whether the caller's dialog stands: then the call was answered, and the fact of it is still on its way. */
  isUp(call: EdgeCall): Promise<boolean>;
  adopt(calls: readonly AnsweredEdgeCall[]): void;
  /** The application died while it was set up: it cannot be saved. */
  giveUp(call: EdgeCall): void;
}

const retryMs = 2000;
/** A fact may take so long, out of the outbox and over the bus. */
const longestWayMs = 180_000;
/**
 * For so long it looks again: a call that was thought lost with its edge is taken back while the edge begins to ask, and
 * an index may not show it at once.
 */
const lateMs = 60_000;

/**
 * Takes over the calls that the table says this edge holds. Settles when what has become of each is known, a minute
 * after the first look at the earliest.
 * @param signal ends it
 */
export async function takeOverCalls(
  parts: Pick<CallParts, 'controlPlane' | 'settings' | 'log' | 'clock'>,
  { isHeld, isUp, adopt, giveUp }: TakeoverActions,
  signal: AbortSignal,
): Promise<void> {
  const { probeIntervalMs } = parts.settings;
  const look = async () => {
    const others = (await listEdgeCalls(parts, signal)).filter((call) => !isHeld(call));
    adopt(others.filter(isAnswered));
    return others.filter((call) => !isAnswered(call));
  };
  let unsure = await look();
  for (let waitedMs = 0; (unsure.length > 0 || waitedMs < lateMs) && !signal.aborted; ) {
    await pause(parts.clock, probeIntervalMs, signal);
    waitedMs += probeIntervalMs;
    const left = await look();
    const areUp = await Promise.all(left.map(isUp));
    if (signal.aborted) return;
    unsure = left.filter((_call, n) => areUp[n] && waitedMs < longestWayMs);
    for (const call of left) if (!unsure.includes(call)) giveUp(call);
  }
}

function isAnswered(call: EdgeCall): call is AnsweredEdgeCall {
  const { state, gateway, callerDialogId, gatewayDialogId } = call;
  return state === 'answered' && ![gateway, callerDialogId, gatewayDialogId].includes(undefined);
}

async function listEdgeCalls(
  { controlPlane, log, clock }: Pick<CallParts, 'controlPlane' | 'log' | 'clock'>,
  signal: AbortSignal,
): Promise<readonly EdgeCall[]> {
  while (!signal.aborted) {
    try {
      return (await controlPlane.listEdgeCalls()).calls;
    } catch (error) {
      if (!(error instanceof ControlPlaneUnavailable)) throw error;
      log.error({ why: error.why, error: error.message }, 'no answer to listEdgeCalls: asking again');
      await pause(clock, retryMs, signal);
    }
  }
  return [];
}
