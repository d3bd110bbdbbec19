import type { EdgeCall } from '../../contracts/commands.ts';
import type { Srf } from '../drachtio/srf.ts';
import { ControlPlaneUnavailable, pause } from '../ports.ts';
import { traceIdOf } from '../telemetry/trace.ts';
import type { Call, CallParts } from './call.ts';
import type { LeftCall } from './journal.ts';
import { Leg } from './leg/leg.ts';
import type { Remains } from './leg/remains.ts';
import { reportFailure } from './report.ts';

/** A call that is up on both sides, and that no application holds. */
export interface Orphan {
  readonly call: Call;
  readonly callerDialogId: string;
  readonly gatewayDialogId: string;
  /** None of a call that only the table knew of. */
  readonly callerRemains?: Remains | undefined;
  readonly gatewayRemains?: Remains | undefined;
}

/** @returns what the application of before held, whether the table has heard of its answer or not; none in set-up */
export function orphanOf({ kept: { callId, traceId, receivedAt, answered }, note }: LeftCall): Orphan[] {
  if (answered === undefined) return [];
  const { gateway, answeredAt, ...legs } = answered;
  const call = { callId, traceId, gateway, receivedAt, answeredAt, note, failed: [] };
  return [{ call, ...legs }];
}

/** @returns the legs of an orphan: the caller's, the gateway's */
export function legsOf(srf: Srf, orphan: Orphan): [Leg, Leg] {
  const caller = new Leg(srf, 'caller', orphan.callerDialogId);
  const gateway = new Leg(srf, 'gateway', orphan.gatewayDialogId);
  caller.remains = orphan.callerRemains;
  gateway.remains = orphan.gatewayRemains;
  return [caller, gateway];
}

type TakeoverParts = Pick<CallParts, 'srf' | 'controlPlane' | 'facts' | 'settings' | 'log' | 'clock'>;

export interface TakeoverActions {
  /** Whether this application holds the call, or held it a moment ago. */
  isHeld(call: EdgeCall): boolean;
  adopt(orphans: readonly Orphan[]): void;
}

const retryMs = 2000;
/**
 * For so long it looks again: a call that was thought lost with its edge is taken back while the edge begins to ask, and
 * an index may not show it at once.
 */
const lateMs = 60_000;

/**
 * Takes over the calls that the table says this edge holds, as far as nobody else knows of them. Settles a minute after the
 * first look.
 * @param signal ends it
 */
export async function takeOverCalls(
  parts: TakeoverParts,
  { isHeld, adopt }: TakeoverActions,
  signal: AbortSignal,
): Promise<void> {
  const { probeIntervalMs, edgeId } = parts.settings;
  /** Trace ids: a fact may take longer than the next look. */
  const givenUp = new Set<string>();
  const look = async () => {
    const others = (await listEdgeCalls(parts, signal)).filter((call) => !isHeld(call));
    const found = others.map((call) => ({ call, orphan: listedOrphan(call, edgeId) }));
    adopt(found.flatMap(({ orphan }) => orphan ?? []));
    return found.flatMap(({ call, orphan }) => (orphan || givenUp.has(call.traceId ?? '') ? [] : call));
  };
  await look();
  for (let waitedMs = 0; waitedMs < lateMs && !signal.aborted; ) {
    await pause(parts.clock, probeIntervalMs, signal);
    waitedMs += probeIntervalMs;
    const left = await look();
    if (signal.aborted) return;
    for (const call of left) {
      if (call.traceId !== undefined) givenUp.add(call.traceId);
      giveUp(parts, call);
    }
  }
}

function listedOrphan(edgeCall: EdgeCall, edgeId: string): Orphan | undefined {
  const { state, gateway, callerDialogId, gatewayDialogId } = edgeCall;
  if (state !== 'answered' || gateway === undefined) return undefined;
  if (callerDialogId === undefined || gatewayDialogId === undefined) return undefined;
  return { call: callOf(edgeCall, edgeId), callerDialogId, gatewayDialogId };
}

/** What the table tells of a call that another process of this edge began. */
function callOf({ callId, offeredAt: receivedAt, traceId: known, gateway }: EdgeCall, edgeId: string): Call {
  const traceId = known ?? traceIdOf(edgeId, callId, receivedAt);
  return { callId, traceId, receivedAt, ...(gateway && { gateway }), failed: [] };
}

/** The disk knew nothing of it, of its set-up or of its answer: it cannot be saved. */
function giveUp(parts: TakeoverParts, edgeCall: EdgeCall): void {
  const { callerDialogId } = edgeCall;
  if (callerDialogId) void new Leg(parts.srf, 'caller', callerDialogId).bye();
  const end = { result: 'refused', outcome: 'edge-lost', detail: 'restart in set-up' } as const;
  reportFailure(parts, callOf(edgeCall, parts.settings.edgeId), end);
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
