import { type OperatorFact, operatorFactSchema } from '../../../contracts/operator-fact.ts';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import { actionKey, actionsWatchKey } from '../keys.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* What operators did, kept as it is told. */

const keptSec = 30 * 24 * 3600;

/** @throws UnreadableItem */
export const actionFrom = itemReader(operatorFactSchema);

export function actionItem(fact: OperatorFact): Item & { pk: string } {
  const { at, id } = fact;
  return {
    pk: actionKey(at, id),
    v: itemVersion,
    ...fact,
    watchKey: actionsWatchKey(at),
    watchAt: at,
    expiresAt: expiryAfter(at, keptSec),
  };
}
