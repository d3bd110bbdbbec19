import type { ListHangups, ListHangupsAnswer } from '../../../contracts/commands.ts';
import { above } from '../../store/conditions.ts';
import { hangupOf, hangupsWatchKey } from '../../store/keys.ts';
import { watched } from '../../store/watched.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';

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
