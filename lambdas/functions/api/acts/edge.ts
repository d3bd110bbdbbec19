import type { Done } from '../../../../contracts/api/actions.ts';
import type { Edge } from '../../../domain/edge.ts';
import { drainEdge as drainEdgeWrite, resumeEdge as resumeEdgeWrite } from '../../../store/call-writes.ts';
import { edgeOf } from '../../../store/items/edge-item.ts';
import { edgeKey } from '../../../store/keys.ts';
import type { Write } from '../../../store/transaction.ts';
import type { Access } from '../access.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { type Deed, enact, unchanged } from './act.ts';

const itsNextAsk = 'at its next ask, in two seconds where it has calls, else in fifteen,';

/** @throws TableUnavailable, ApiProblem not-found */
async function edgeNamed(edgeId: string, { table }: ApiDeps): Promise<Edge> {
  const edge = edgeOf(await table.get(edgeKey(edgeId)));
  if (edge === undefined) throw new ApiProblem('not-found', { code: 'no-such-edge' });
  return edge;
}

/** @throws TableUnavailable, NotTold, ApiProblem conflict */
async function change(write: Write, deed: Deed, access: Access, deps: ApiDeps): Promise<void> {
  if (await enact(write, deed, access, deps)) return;
  throw new ApiProblem('conflict', { code: 'has-changed' });
}

/**
 * Lets an edge take no new calls. Nothing reaches an edge from outside: it is told so by what it asks.
 * @throws TableUnavailable, NotTold, ApiProblem not-found, conflict
 */
export async function drainEdge(
  edgeId: string,
  reason: string,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const edge = await edgeNamed(edgeId, deps);
  const nowMs = deps.now();
  if (edge.leaseUntil <= nowMs) throw new ApiProblem('conflict', { code: 'edge-down' });
  if (edge.drainingSince !== undefined) return unchanged('draining');
  const deed: Deed = { action: 'drain-edge', subject: edgeId, reason };
  await change(drainEdgeWrite(edgeId, nowMs), deed, access, deps);
  return { effect: `${itsNextAsk} it stops taking new calls; its own go on`, changed: true };
}

/**
 * Takes a drained edge back.
 * @throws TableUnavailable, NotTold, ApiProblem not-found, conflict
 */
export async function resumeEdge(
  edgeId: string,
  reason: string,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const edge = await edgeNamed(edgeId, deps);
  if (edge.drainingSince === undefined) return unchanged('not-draining');
  await change(resumeEdgeWrite(edgeId), { action: 'resume-edge', subject: edgeId, reason }, access, deps);
  return { effect: `${itsNextAsk} it takes new calls again`, changed: true };
}
