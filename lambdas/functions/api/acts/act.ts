import type { Done } from '../../../../contracts/api/actions.ts';
import {
  type OperatorAction,
  type OperatorFact,
  operatorFactType,
} from '../../../../contracts/operator-fact.ts';
import { actionItem } from '../../../store/items/action-item.ts';
import type { Write } from '../../../store/transaction.ts';
import type { Access } from '../access.ts';
import type { ApiDeps } from '../deps.ts';

/* An action, whatever it does, is written with what it changes, and then told. */

export interface Deed {
  action: OperatorAction;
  subject: string;
  reason: string;
  details?: OperatorFact['details'];
}

/** The fact of a deed, now, and the write that keeps it. */
export function recordOf(
  deed: Deed,
  { who }: Access,
  { now, newId }: ApiDeps,
): { fact: OperatorFact; write: Write } {
  const fact: OperatorFact = {
    version: 1,
    id: newId(),
    type: operatorFactType,
    at: now(),
    who,
    details: {},
    ...deed,
  };
  return { fact, write: { put: actionItem(fact) } };
}

/** Nothing to do: it was so before. */
export const unchanged = (effect: string): Done => ({ effect, changed: false });
