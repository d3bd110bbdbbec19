import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import type {
  ActionView,
  actionReads,
  actions,
  Done,
  OrdersView,
} from '../../../../contracts/api/actions.ts';
import { isoOf } from '../../../../contracts/api/common.ts';
import { TableContention } from '../../../domain/errors.ts';
import { standing } from '../../../domain/fleet/orders.ts';
import type { PoolOrders } from '../../../domain/fleet/types.ts';
import { ordered } from '../../../domain/views.ts';
import { actionFrom } from '../../../store/items/action-item.ts';
import { ordersOf, putOrders } from '../../../store/items/orders-item.ts';
import { actionsWatchKey, ordersKey } from '../../../store/keys.ts';
import type { Access } from '../access.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { type PageOf, readPage } from '../reads/page.ts';
import { daysLane, windowOf } from '../reads/window.ts';
import { type Deed, enact, unchanged } from './act.ts';

const maxTries = 6;
/** All orders are one item, which is read at each look at the pool. */
const maxReservations = 100;

type Body<R extends { body: z.ZodType }> = z.output<R['body']>;

/**
 * Changes the orders until nobody else did in between, and tells of it; the fleet looks at the pool then.
 * @param change gives what differs; the same orders where there is nothing to change
 * @throws TableUnavailable, TableContention, ApiProblem
 */
async function order(
  deed: Deed,
  effect: string,
  change: (orders: PoolOrders, given: { who: string; at: number; reason: string }) => PoolOrders,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const { table, now } = deps;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const nowMs = now();
    const seen = ordersOf(await table.get(ordersKey));
    const before = standing(seen.orders, nowMs);
    const after = change(before, { who: access.who, at: nowMs, reason: deed.reason });
    if (isDeepStrictEqual(after, before)) return unchanged('as-ordered', effect);
    if (await enact(putOrders(after, seen, nowMs), deed, access, deps)) return { effect, changed: true };
  }
  throw new TableContention('the orders keep changing');
}

export function pausePool({ reason }: Body<typeof actions.pausePool>, access: Access, deps: ApiDeps) {
  return order(
    { action: 'pause', subject: 'pool', reason },
    'no gateway is started or drained until the pool is resumed',
    // Who paused it first, and why, is what the next needs to know.
    (orders, given) => (orders.paused ? orders : { ...orders, paused: given }),
    access,
    deps,
  );
}

export function resumePool({ reason }: Body<typeof actions.resumePool>, access: Access, deps: ApiDeps) {
  return order(
    { action: 'resume', subject: 'pool', reason },
    'the policy decides again',
    ({ paused: _paused, ...orders }) => orders,
    access,
    deps,
  );
}

export function overridePool(body: Body<typeof actions.overridePool>, access: Access, deps: ApiDeps) {
  const { reason, minFree, maximum } = body;
  const until = comingTime(body.until, 'until', deps.now());
  const bounds = { ...(minFree !== undefined && { minFree }), ...(maximum !== undefined && { maximum }) };
  return order(
    { action: 'override', subject: 'pool', reason, details: { ...bounds, until: isoOf(until) } },
    `these bounds hold until ${isoOf(until)}`,
    (orders, given) => {
      const { minFree: least, maximum: most, until: end } = orders.override ?? {};
      const isSame = orders.override !== undefined && least === minFree && most === maximum && end === until;
      return isSame ? orders : { ...orders, override: { ...given, ...bounds, until } };
    },
    access,
    deps,
  );
}

export function endOverride({ reason }: { reason: string }, access: Access, deps: ApiDeps) {
  return order(
    { action: 'end-override', subject: 'pool', reason },
    'the bounds of the policy hold again',
    ({ override: _override, ...orders }) => orders,
    access,
    deps,
  );
}

/** The same reservation again is the same: its id is made of what it says. */
export async function reserve(
  { reason, gateways, ...times }: Body<typeof actions.reserve>,
  access: Access,
  deps: ApiDeps,
): Promise<Done & { id: string }> {
  const from = Date.parse(times.from);
  const to = comingTime(times.to, 'to', deps.now());
  const id = createHash('sha256').update(`${gateways} ${from} ${to}`).digest('hex').slice(0, 12);
  const details = { gateways, from: isoOf(from), to: isoOf(to) };
  const done = await order(
    { action: 'reserve', subject: id, reason, details },
    `at least ${gateways} gateways from ${isoOf(from)} to ${isoOf(to)}`,
    (orders, given) => {
      if (orders.reservations.some((one) => one.id === id)) return orders;
      if (orders.reservations.length >= maxReservations) {
        throw new ApiProblem('conflict', {
          code: 'too-many-reservations',
          detail: `there are ${maxReservations} reservations already`,
        });
      }
      return { ...orders, reservations: [...orders.reservations, { ...given, id, gateways, from, to }] };
    },
    access,
    deps,
  );
  return { ...done, id };
}

export function endReservation(id: string, { reason }: { reason: string }, access: Access, deps: ApiDeps) {
  return order(
    { action: 'end-reservation', subject: id, reason },
    'the reservation is taken back',
    (orders) => ({ ...orders, reservations: orders.reservations.filter((one) => one.id !== id) }),
    access,
    deps,
  );
}

function comingTime(text: string, field: string, nowMs: number): number {
  const at = Date.parse(text);
  if (at > nowMs) return at;
  throw new ApiProblem('invalid-request', { errors: [{ field, message: 'must be a time to come' }] });
}

/** @throws TableUnavailable */
export async function getOrders({ table, now }: ApiDeps): Promise<OrdersView> {
  const { paused, override, reservations } = standing(ordersOf(await table.get(ordersKey)).orders, now());
  const told = <T extends { at: number }>(given: T) => ({ ...given, at: isoOf(given.at) });
  return {
    ...(paused && { paused: told(paused) }),
    ...(override && { override: { ...told(override), until: isoOf(override.until) } }),
    reservations: reservations.map((one) => ({ ...told(one), from: isoOf(one.from), to: isoOf(one.to) })),
  };
}

/** @throws TableUnavailable, ApiProblem */
export function listActions(
  query: z.output<typeof actionReads.listActions.query>,
  { table, now }: ApiDeps,
): Promise<PageOf<ActionView>> {
  return readPage(table, {
    ...query,
    cursor: query.cursor,
    lanes: [daysLane(windowOf(query, now()), actionsWatchKey)],
    view: (item) => {
      const { who, at, action, subject, reason, details } = actionFrom(item);
      return { who, at: isoOf(at), action, subject, reason, details: ordered(details) };
    },
    byTime: true,
  });
}
