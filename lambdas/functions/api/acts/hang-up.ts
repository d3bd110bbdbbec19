import type { Done } from '../../../../contracts/api/actions.ts';
import { callOfPathId } from '../../../domain/views.ts';
import { putHangup } from '../../../store/call-writes.ts';
import { callOf } from '../../../store/items/call-item.ts';
import { callKey } from '../../../store/keys.ts';
import type { Access } from '../access.ts';
import { ApiProblem } from '../problem.ts';
import { type ActDeps, enact, unchanged } from './act.ts';

/**
 * Asks a call's edge to end both sides. Nothing reaches an edge from outside: it finds this at its next ask, and tells
 * the end as it tells every other.
 * @throws TableUnavailable, NotTold, ApiProblem not-found, conflict
 */
export async function hangUp(id: string, reason: string, access: Access, deps: ActDeps): Promise<Done> {
  const { table, now } = deps;
  const nowMs = now();
  const identity = callOfPathId(id);
  const call = identity && callOf(await table.get(callKey(identity)), nowMs);
  if (call === undefined) throw new ApiProblem('not-found', { code: 'no-such-call' });
  if (call.state === 'ended') return unchanged('call-over');
  if (call.state !== 'answered' || call.gateway === undefined) {
    throw new ApiProblem('conflict', {
      code: 'not-answered',
      detail: `the call is ${call.state}, not answered: it ends by itself where nobody answers`,
    });
  }
  const deed = {
    action: 'hangup',
    subject: call.callId,
    reason,
    details: { gateway: call.gateway },
  } as const;
  if (!(await enact(putHangup(call, call.gateway, nowMs, 'operator'), deed, access, deps)))
    throw new ApiProblem('conflict', { code: 'has-changed' });
  return { effect: 'its edge hangs up at its next ask, within two seconds', changed: true };
}
