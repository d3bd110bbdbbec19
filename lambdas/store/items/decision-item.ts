import * as z from 'zod';
import type { DecisionRecord } from '../../domain/fleet/decision-record.ts';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import { decisionKey, decisionsWatchKey } from '../keys.ts';
import { itemReader, itemVersion } from './read-item.ts';

const keptSec = 30 * 24 * 3600;

const count = z.number();

const read = itemReader(
  z.object({
    at: z.number(),
    action: z.enum(['start', 'drain']),
    count,
    done: count,
    reason: z.looseObject({ rule: z.string() }),
    warning: z.string().exactOptional(),
    trigger: z.string(),
    counts: z.object({
      free: count,
      unmanaged: count.default(0),
      locked: count,
      busy: count,
      held: count.default(0),
      draining: count,
      starting: count,
    }),
    managed: count,
    waiting: count,
    callId: z.string().exactOptional(),
    recentStarts: z.looseObject({ consecutiveFailures: count }),
    quiet: z.object({ rule: z.string(), since: z.number(), runs: count }).exactOptional(),
  }),
);

/** A decision as it is kept: its reason has the figures of its day's policy, which are shown and never reckoned with. */
export type KeptDecision = ReturnType<typeof read>;

/** @throws UnreadableItem */
export const decisionFrom = (item: Item): KeptDecision => read(item);

/** @param id tells apart decisions of the same moment */
export function decisionItem(record: DecisionRecord, id: string): Item & { pk: string } {
  const { at } = record;
  return {
    pk: decisionKey(at, id),
    v: itemVersion,
    ...record,
    watchKey: decisionsWatchKey(at),
    watchAt: at,
    expiresAt: expiryAfter(at, keptSec),
  };
}
