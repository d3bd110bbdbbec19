import * as z from 'zod';
import type { FleetPool, FleetState } from '../../domain/fleet/fleet-pool.ts';
import type { Pool } from '../../domain/fleet/pool.ts';
import { expiryAfter } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* The one item about the pool. The first run of the fleet function makes it by taking the lease: then it has no more. */

/** How long the pool is remembered when nothing decides about it any more. */
const keptSec = 90 * 24 * 3600;

const count = z.number();
const time = z.number();

const poolFields = {
  mayGrow: z.boolean(),
  starting: count,
  startsFailing: z.boolean(),
  managed: count,
  maximum: count,
  updatedAt: time,
};

const readFleetPool = itemReader(
  z.object({
    mayGrow: z.boolean().exactOptional(),
    starting: count.exactOptional(),
    estimateSec: z.number().exactOptional(),
    startsFailing: z.boolean().exactOptional(),
    managed: count.exactOptional(),
    maximum: count.exactOptional(),
    updatedAt: time.exactOptional(),
    starts: z.array(z.string()).exactOptional(),
    holder: z.string().exactOptional(),
    leaseUntil: time.exactOptional(),
    dirtyAt: time.exactOptional(),
    recentStarts: z
      .object({ consecutiveFailures: count, failedTrials: count, lastFailureAt: time.exactOptional() })
      .exactOptional(),
    memory: z
      .object({ surplusSince: time.exactOptional(), surplusMin: count.exactOptional() })
      .exactOptional(),
    quiet: z.object({ rule: z.string(), since: time, runs: count }).exactOptional(),
    startMs: z.number().exactOptional(),
    keep: count.exactOptional(),
    wanted: count.exactOptional(),
    foreseen: z.array(z.object({ at: time, calls: z.number() })).exactOptional(),
    reconciledAt: time.exactOptional(),
    changedAt: count.exactOptional(),
    drift: count.exactOptional(),
  }),
);

const poolSchema = z.object({ ...poolFields, estimateSec: z.number().exactOptional() });

/** @returns what the fleet last said of the pool; undefined where it never did. @throws UnreadableItem */
export function poolOf(item: Item | undefined): Pool | undefined {
  if (item === undefined) return undefined;
  const parsed = poolSchema.safeParse(readFleetPool(item));
  return parsed.success ? parsed.data : undefined;
}

/** @returns all that is known of the pool: nothing at first. @throws UnreadableItem */
export function fleetPoolOf(item: Item | undefined): Partial<FleetPool> {
  return item === undefined ? {} : readFleetPool(item);
}

const optional = [
  'estimateSec',
  'quiet',
  'startMs',
  'keep',
  'wanted',
  'foreseen',
  'reconciledAt',
  'changedAt',
  'drift',
] as const;

/** What an update of the item sets and removes, so that it holds this state. The lease in it stays as it is. */
export function fleetStateAttributes(state: FleetState, nowMs: number): { set: Item; remove: string[] } {
  const set = { ...state, v: itemVersion, updatedAt: nowMs, expiresAt: expiryAfter(nowMs, keptSec) };
  return { set, remove: optional.filter((name) => state[name] === undefined) };
}
