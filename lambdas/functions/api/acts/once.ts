import { createHash } from 'node:crypto';
import type { Route } from '../../../../contracts/api/routes.ts';
import { expiryAfter, isLive } from '../../../domain/time.ts';
import { answeredKey } from '../../../store/keys.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import type { Asked } from '../routing.ts';

/** How long the answer to a request is given again. */
const keptSec = 24 * 3600;

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/**
 * Gives a request with an Idempotency-Key the same answer whenever it comes again. Two that come at once are both
 * served: each action is harmless twice.
 * @throws ApiProblem key-reused where the key came with another request, and what `work` throws
 */
export async function once<R extends Route, A>(
  { method, path }: R,
  { idempotencyKey, access, params, query, body }: Asked<R>,
  { table, now }: ApiDeps,
  work: () => Promise<A>,
): Promise<A> {
  if (idempotencyKey === undefined) return work();
  const pk = answeredKey(hashOf([access.who, idempotencyKey]));
  const request = hashOf([method, path, params, query, body]);
  const kept = await table.get(pk);
  if (kept !== undefined && isLive({ expiresAt: Number(kept.expiresAt) }, now())) {
    if (kept.request !== request) throw new ApiProblem('key-reused');
    return JSON.parse(String(kept.answer)) as A;
  }
  const answer = await work();
  const item = { pk, request, answer: JSON.stringify(answer), expiresAt: expiryAfter(now(), keptSec) };
  await table.write({ put: item });
  return answer;
}
