import type { Done } from '../../../../contracts/api/actions.ts';
import { type AnswerCode, answerCodes } from '../../../../contracts/api/answer-codes.ts';
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

export type ActDeps = Pick<ApiDeps, 'table' | 'now' | 'newId' | 'tell'>;

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
  { now, newId }: Pick<ActDeps, 'now' | 'newId'>,
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

/**
 * Writes a change together with the record of its deed, and tells it.
 * @param andThen what else is done before it is told
 * @returns whether it was done; where the change's condition did not hold nothing was written, done or told
 * @throws TableUnavailable, NotTold, and what `andThen` throws
 */
export async function enact(
  change: Write,
  deed: Deed,
  access: Access,
  deps: ActDeps,
  andThen: () => Promise<void> = async () => {},
): Promise<boolean> {
  const { fact, write } = recordOf(deed, access, deps);
  const { done } = await deps.table.transact([change, write]);
  if (!done) return false;
  await andThen();
  await deps.tell(fact);
  return true;
}

/** Nothing to do: it was so before. */
export const unchanged = (code: AnswerCode, effect: string = answerCodes[code]): Done => ({
  effect,
  changed: false,
  code,
});
