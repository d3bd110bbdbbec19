import type { ListHangups, ListHangupsAnswer } from '../../contracts/commands.ts';
import { above } from '../adapters/conditions.ts';
import type { SettleDeps } from '../adapters/settle-call.ts';
import { watched } from '../adapters/watched.ts';
import { hangupOf, hangupsWatchKey } from '../core/keys.ts';

/** An edge that asks has been told long before; to be told again does no harm. */
const toldForMs = 60_000;
const mostTold = 500;

/** What the control plane knows and the edge does not: calls whose gateway's task has stopped. One query. */
export async function listHangups(
  { edgeId }: ListHangups,
  { table, now }: Pick<SettleDeps, 'table' | 'now'>,
): Promise<ListHangupsAnswer> {
  const recent = above('watchAt', now() - toldForMs);
  const { items } = await watched(table, hangupsWatchKey(edgeId), mostTold, recent);
  return { hangups: items.map(({ pk }) => hangupOf(String(pk))) };
}
