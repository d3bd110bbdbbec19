import type { FleetPool, FleetState } from '../domain/fleet/fleet-pool.ts';
import { allOf, anyOf, below, type Condition, equals, missing } from '../store/conditions.ts';
import { fleetPoolOf, fleetStateAttributes } from '../store/items/pool-item.ts';
import { poolKey } from '../store/keys.ts';
import type { Table } from '../store/table.ts';
import type { Write } from '../store/transaction.ts';

/*
 *  free ──take──> held by X ──release──> free          one conditional update each
 *                  │    ^
 *   another: mark ─┘    └─ again: X looks once more, since it was marked meanwhile
 *
 * A holder that dies is followed when its lease is over; what it might still write names it as the holder, and fails.
 */

/** A lease ends, and the next is taken, between two looks: so often at most. */
const maxTries = 5;

const heldBy = (holder: string): Condition => equals('holder', holder);
const notHeld = (nowMs: number): Condition => anyOf(missing('holder'), below('leaseUntil', nowMs));

/**
 * Takes the lease, or leaves word for who has it.
 * @param holder an id that nobody used before
 * @returns the pool as it is, or undefined where the holder will look again
 */
export async function takeLease(
  table: Table,
  holder: string,
  leaseMs: number,
  now: () => number,
): Promise<Partial<FleetPool> | undefined> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    const nowMs = now();
    const taken = await table.write({
      update: poolKey,
      set: { holder, leaseUntil: nowMs + leaseMs },
      remove: ['dirtyAt'],
      when: notHeld(nowMs),
    });
    if (taken.done) return fleetPoolOf(taken.item);
    const seen = fleetPoolOf(taken.seen);
    const { holder: other, dirtyAt } = seen;
    if (other === undefined) continue;
    // The reply to our own write was lost, and the SDK sent it again: nobody else uses this id.
    if (other === holder) return seen;
    if (dirtyAt !== undefined) return undefined;
    const marked = await table.write({ update: poolKey, set: { dirtyAt: nowMs }, when: heldBy(other) });
    if (marked.done) return undefined;
  }
  return undefined;
}

/** Looks again: the lease begins anew. @returns the pool; undefined where the lease was lost */
export async function renewLease(
  table: Table,
  holder: string,
  leaseMs: number,
  nowMs: number,
): Promise<Partial<FleetPool> | undefined> {
  const renewed = await table.write({
    update: poolKey,
    set: { leaseUntil: nowMs + leaseMs },
    remove: ['dirtyAt'],
    when: heldBy(holder),
  });
  return renewed.done ? fleetPoolOf(renewed.item) : undefined;
}

/** What came of giving the lease back. `dirty`: it is still held, since something has happened meanwhile. */
export type Released = 'released' | 'dirty' | 'lost';

/**
 * Tells calls how the pool stands, and gives the lease back unless there is more to look at.
 * @param evenIfDirty gives it back in any case
 */
export async function releaseLease(
  table: Table,
  holder: string,
  state: FleetState,
  nowMs: number,
  evenIfDirty: boolean,
): Promise<Released> {
  const { set, remove } = fleetStateAttributes(state, nowMs);
  const released = await table.write({
    update: poolKey,
    set,
    remove: [...remove, 'holder', 'leaseUntil', ...(evenIfDirty ? ['dirtyAt'] : [])],
    when: evenIfDirty ? heldBy(holder) : allOf(heldBy(holder), missing('dirtyAt')),
  });
  if (released.done) return 'released';
  return fleetPoolOf(released.seen).holder === holder ? 'dirty' : 'lost';
}

/** Writes the state and keeps the lease; part of a transaction with what the state tells of. */
export function keepState(holder: string, state: FleetState, nowMs: number) {
  return { update: poolKey, ...fleetStateAttributes(state, nowMs), when: heldBy(holder) } satisfies Write;
}

/** Holds while this run still has the lease. */
export function stillHeld(holder: string) {
  return { check: poolKey, when: heldBy(holder) } satisfies Write;
}
