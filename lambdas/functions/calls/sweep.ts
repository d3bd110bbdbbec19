import type { CallIdentity } from '../../../contracts/common.ts';
import { identityOf } from '../../domain/call/call.ts';
import { isGuessedOver } from '../../domain/call/call-record.ts';
import { edgeFound, edgeLost } from '../../domain/call/call-state.ts';
import type { Edge } from '../../domain/edge.ts';
import type { Gateway } from '../../domain/gateway/gateway.ts';
import { stopped } from '../../domain/gateway/gateway-effect.ts';
import { edgeIsLost, forgetEdge } from '../../store/call-writes.ts';
import { atMost } from '../../store/conditions.ts';
import { deleteOwned, putTombstone, release } from '../../store/gateway-writes.ts';
import { callOf } from '../../store/items/call-item.ts';
import { edgeOf, watchedEdgeOf } from '../../store/items/edge-item.ts';
import { gatewayOf } from '../../store/items/gateway-item.ts';
import { callKey, drainingWatchKey, edgeKey, edgesWatchKey, freeShardOf } from '../../store/keys.ts';
import { watched } from '../../store/watched.ts';
import { settleCall } from '../../usecases/settle-call.ts';
import { endSilent, readQueue } from '../../usecases/waiting-queue.ts';
import { openCallsOf } from './open-calls.ts';
import { type CallsDeps, tellDueRecords } from './tell-records.ts';

/** What one sweep did, for the log. `more`: it stopped at its bounds, the next sweep goes on. */
export interface SweepReport {
  lostEdges: number;
  endedCalls: number;
  /** Calls that waited and whose edge does not ask any more. */
  endedWaits: number;
  finishedGateways: number;
  more: boolean;
}

/** Bounds of one sweep. */
const maxEdges = 100;
const maxCalls = 500;
const maxGateways = 200;
/**
 * An offered call is given up so long after its lock lapsed, and after its edge began to ask if that was later: its edge
 * has told nothing, and will not. A fact may take most of it.
 */
const staleOfferMs = 120_000;
/** An edge is looked at for so long after its lease: an allocation of its last moment may show late. */
const forgetAfterMs = 600_000;

/**
 * Ends what nobody else will: the calls of edges whose lease is over, offers that were never answered nor failed,
 * waits that nobody asks about any more, and gateways whose grace is over; and tells the records of calls that no fact has
 * ended. Runs each minute; each of its steps may be taken twice.
 * @throws TableUnavailable, TableContention, TaskNotStopped, NotTold
 */
export async function sweep(deps: CallsDeps): Promise<SweepReport> {
  const report: SweepReport = {
    lostEdges: 0,
    endedCalls: 0,
    endedWaits: 0,
    finishedGateways: 0,
    more: false,
  };
  const edges = await watched(deps.table, edgesWatchKey, maxEdges);
  report.more ||= edges.more;
  // One by one: a sweep in no hurry leaves the table's capacity to the calls.
  for (const item of edges.items) await sweepEdge(watchedEdgeOf(item), report, deps);
  await endSilentWaits(report, deps);
  await finishDraining(report, deps);
  // Last: what this sweep has ended is among them, or among those of the next.
  report.more ||= (await tellDueRecords(deps)).more;
  return report;
}

async function sweepEdge(
  edge: Pick<Edge, 'edgeId' | 'leaseUntil'>,
  report: SweepReport,
  deps: CallsDeps,
): Promise<void> {
  const { table } = deps;
  const nowMs = deps.now();
  const lost = edge.leaseUntil < nowMs;
  const dueBefore = lost ? undefined : nowMs - staleOfferMs;
  const { calls, more } = await openCallsOf(table, edge.edgeId, maxCalls, nowMs, dueBefore);
  report.more ||= more;
  if (lost) report.lostEdges += 1;
  else if (calls.length > 0 && !(await hasAskedFor(edge.edgeId, staleOfferMs, deps))) return;
  for (const call of calls) {
    // Read again by settleCall: what has been answered or has ended since is none of the sweep's.
    await settleCall(
      call,
      (seen) => {
        if (seen === undefined || seen.state === 'ended' || seen.edgeId !== edge.edgeId) return undefined;
        if (lost) return edgeLost(seen, nowMs, 'drain');
        return seen.state === 'offered' ? edgeLost(seen, nowMs, 'free') : undefined;
      },
      deps,
      { guard: lost ? edgeIsLost(edge.edgeId, nowMs) : undefined },
    );
    report.endedCalls += 1;
  }
  if (calls.length === 0 && edge.leaseUntil < nowMs - forgetAfterMs) await table.write(forgetEdge(edge));
}

/** Whether the edge has been heard for so long: what it had to say of before has come by then. */
async function hasAskedFor(edgeId: string, ms: number, { table, now }: CallsDeps): Promise<boolean> {
  const edge = edgeOf(await table.get(edgeKey(edgeId)));
  return edge !== undefined && edge.begunAt <= now() - ms;
}

/** Calls that wait for a gateway while their edge is gone: nobody would take it. */
async function endSilentWaits(report: SweepReport, deps: CallsDeps): Promise<void> {
  const nowMs = deps.now();
  const { silent, more } = await readQueue(deps.table, nowMs);
  report.more ||= more;
  report.endedWaits += await endSilent(silent, nowMs, deps);
}

/** Finishes gateways that have been draining for their grace: they did not un-REGISTER by themselves. */
async function finishDraining(report: SweepReport, deps: CallsDeps): Promise<void> {
  const { table } = deps;
  const due = await watched(table, drainingWatchKey, maxGateways, atMost('watchAt', deps.now()));
  report.more ||= due.more;
  for (const { pk } of due.items) {
    const gateway = gatewayOf(await table.get(String(pk)));
    if (gateway?.state !== 'draining' || gateway.lockedBy === undefined) continue;
    if (await isResumed(gateway, identityOf(gateway.lockedBy), deps)) continue;
    await finish(gateway, identityOf(gateway.lockedBy), deps);
    report.finishedGateways += 1;
  }
}

/** The edge asks again, and its call goes on: nothing in a call that its edge still tells of is stopped. */
async function isResumed({ username }: Gateway, identity: CallIdentity, deps: CallsDeps): Promise<boolean> {
  const { table, now } = deps;
  const call = callOf(await table.get(callKey(identity)), now());
  const edge = call && edgeOf(await table.get(edgeKey(call.edgeId)));
  if (call === undefined || edge === undefined || edge.leaseUntil < now() || !isGuessedOver(call))
    return false;
  await settleCall(identity, (seen) => seen && edgeFound(seen), deps, { told: username });
  return true;
}

async function finish(gateway: Gateway, call: CallIdentity, deps: CallsDeps): Promise<void> {
  const { table, afterCall, freeShards } = deps;
  const nowMs = deps.now();
  if (afterCall === 'reuse') {
    await table.write(release(gateway, call, freeShardOf(gateway.username, freeShards), nowMs));
    return;
  }
  const { tombstone, stopTaskId } = stopped(gateway);
  // The task first: once the location is gone, nothing would find the task again.
  if (stopTaskId !== undefined) await deps.stopTask(stopTaskId, `the edge of call ${call.callId} is lost`);
  const writes = [deleteOwned(gateway, call)];
  // Refused where the gateway has left or come back anew in the meantime: then there is nothing to finish.
  await table.transact(
    tombstone === undefined ? writes : [...writes, putTombstone(gateway.username, tombstone, nowMs)],
  );
}
