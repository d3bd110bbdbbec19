import type { EdgeAsk, RenewEdge, RenewEdgeAnswer } from '../../../contracts/commands.ts';
import { identityOf } from '../../domain/call/call.ts';
import { edgeFound } from '../../domain/call/call-state.ts';
import type { Edge } from '../../domain/edge.ts';
import { beginEdge, hangupKeptSec, prolongEdge } from '../../store/call-writes.ts';
import { above } from '../../store/conditions.ts';
import { edgeOf } from '../../store/items/edge-item.ts';
import { gatewayFrom } from '../../store/items/gateway-item.ts';
import { drainingWatchKey, edgeKey, hangupOf, hangupsWatchKey } from '../../store/keys.ts';
import { readAll, watched } from '../../store/watched.ts';
import { type SettleDeps, settleCall } from '../../usecases/settle-call.ts';

/** An edge that has asked all the while has been told long before; to be told again does no harm. */
const toldForMs = 60_000;
const mostTold = 500;
/** Gateways in calls whose edges were thought lost. */
const mostDraining = 2000;
/** An edge asks far more often than its lease must be written: each write lasts for this part of it. */
const writtenFor = 1 / 3;
/** For so long after it began to ask again an edge's calls and hang-ups are looked for: longer than an index lags. */
const resumeForMs = 20_000;

/**
 * The edge lives. @returns what the control plane knows and the edge does not: calls whose gateway's task has stopped, and
 *   that an operator drains it
 */
export async function renewEdge(command: RenewEdge, deps: SettleDeps): Promise<RenewEdgeAnswer> {
  const edge = await keepLease(command, deps);
  const nowMs = deps.now();
  const wasSilent = edge !== undefined && nowMs - edge.begunAt < resumeForMs;
  const recent = above('watchAt', nowMs - (wasSilent ? hangupKeptSec * 1000 : toldForMs));
  const { items } = await watched(deps.table, hangupsWatchKey(command.edgeId), mostTold, recent);
  return {
    hangups: items.map(({ pk }) => hangupOf(String(pk))),
    ...(edge?.drainingSince !== undefined && { draining: true }),
  };
}

/**
 * Renews the lease of an edge that asks. Where it was over, the calls that the sweep has ended for that go on.
 * @returns the edge; undefined where a newer application has it
 * @throws TableUnavailable, TableContention
 */
export async function keepLease(ask: EdgeAsk, deps: SettleDeps): Promise<Edge | undefined> {
  const nowMs = deps.now();
  const edge = await renewed(ask, nowMs, deps);
  // Again for a while: the index may not show yet what the sweep did last.
  if (edge !== undefined && nowMs - edge.begunAt < resumeForMs) await resumeCalls(edge.edgeId, deps);
  return edge;
}

/** @returns the edge with its lease, which is written where it needs to be; undefined where a newer one has it */
async function renewed(
  { edgeId, generation, leaseSec }: EdgeAsk,
  nowMs: number,
  { table }: SettleDeps,
): Promise<Edge | undefined> {
  const leaseMs = leaseSec * 1000;
  const seen = edgeOf(await table.get(edgeKey(edgeId)));
  const isFresh = seen !== undefined && seen.leaseUntil - nowMs > leaseMs * (1 - writtenFor);
  if (isFresh && seen.generation === generation) return seen;
  const edge: Edge = { edgeId, generation, leaseUntil: nowMs + leaseMs, begunAt: nowMs };
  const prolonged = await table.write(prolongEdge(edge, nowMs));
  if (prolonged.done) return edgeOf(prolonged.item);
  const begun = await table.write(beginEdge(edge, nowMs));
  return begun.done ? edge : undefined;
}

/** A gateway whose edge was thought lost drains for its grace, and still belongs to its call. */
async function resumeCalls(edgeId: string, deps: SettleDeps): Promise<void> {
  const { items } = await watched(deps.table, drainingWatchKey, mostDraining);
  const pks = items.map(({ pk }) => String(pk));
  for (const { lockedBy, username } of deps.table.readable(await readAll(deps.table, pks), gatewayFrom)) {
    if (lockedBy === undefined) continue;
    await settleCall(
      identityOf(lockedBy),
      (seen) => (seen?.edgeId === edgeId ? edgeFound(seen) : undefined),
      deps,
      { told: username },
    );
  }
}
