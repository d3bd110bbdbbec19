import type { Fact, FactOf } from '../../../contracts/facts.ts';
import type { Call } from '../../domain/call/call.ts';
import { isArrival, learntDates } from '../../domain/demand/arrivals.ts';
import { learn, type Profile } from '../../domain/demand/profile.ts';
import { TableContention } from '../../domain/errors.ts';
import type { FleetPolicy, RecentDemand } from '../../domain/fleet/types.ts';
import { type Clock, expiryAfter } from '../../domain/time.ts';
import type { Item } from '../../store/attributes.ts';
import { callOf } from '../../store/items/call-item.ts';
import {
  dayKey,
  demandDayOf,
  minuteAttribute,
  minutesKey,
  perMinuteOf,
  recentKeys,
  slotOf,
} from '../../store/items/demand-items.ts';
import { callKey } from '../../store/keys.ts';
import type { Table } from '../../store/table.ts';
import { readAll } from '../../store/watched.ts';

export interface DemandDeps {
  table: Table;
  policy: FleetPolicy;
  now: Clock;
}

const daySec = 24 * 3600;
const keptSec = { minutes: daySec, days: 90 * daySec };

/** What is added to one item. */
interface Sum {
  set: Item;
  add: Record<string, number>;
}

/**
 * Counts the calls that have come, and those that are over, in one write. A fact that comes again in another batch
 * counts twice: that is rare, and a forecast does not depend on one call.
 * @throws TableUnavailable, TableContention
 */
export async function noteDemand(facts: readonly Fact[], { table, policy }: DemandDeps): Promise<void> {
  const calls = await callsOf(facts, table);
  const sums = new Map<string, Sum>();
  const add = (pk: string, set: Item, counts: Record<string, number>) => {
    const sum = sums.get(pk) ?? { set, add: {} };
    sums.set(pk, sum);
    for (const [name, by] of Object.entries(counts)) sum.add[name] = (sum.add[name] ?? 0) + by;
  };
  const addToDay = (atMs: number, date: string, counts: Record<string, number>) =>
    add(dayKey(date), { date, expiresAt: expiryAfter(atMs, keptSec.days) }, counts);
  for (const fact of facts) {
    if (fact.type === 'call.ended' && fact.answeredAt !== undefined) {
      const endedSec = Math.round((fact.at - fact.answeredAt) / 1000);
      addToDay(fact.at, slotOf(fact.answeredAt, policy.timeZone).date, { ended: 1, endedSec });
    }
    if (!mayBeArrival(fact) || !isArrival(fact, calls.get(callKey(fact)))) continue;
    const { date, attribute } = slotOf(fact.at, policy.timeZone);
    const expiresAt = expiryAfter(fact.at, keptSec.minutes);
    add(minutesKey(fact.at), { expiresAt }, { [minuteAttribute(fact.at)]: 1 });
    addToDay(fact.at, date, { [attribute]: 1 });
  }
  const writes = [...sums].map(([update, sum]) => ({ update, ...sum }));
  if (writes.length > 0 && !(await table.transact(writes)).done) {
    throw new TableContention('the counts of calls keep changing');
  }
}

type MayBeArrival = FactOf<'call.waiting' | 'call.offered' | 'call.failed'>;

const mayBeArrival = (fact: Fact): fact is MayBeArrival =>
  fact.type === 'call.waiting' || fact.type === 'call.offered' || fact.type === 'call.failed';

/** The records of calls that may have waited before, by their keys. */
async function callsOf(facts: readonly Fact[], table: Table): Promise<Map<string, Call>> {
  const asked = facts.filter(mayBeArrival).filter(({ type }) => type !== 'call.waiting');
  const items = await readAll(table, [...new Set(asked.map(callKey))]);
  const newestMs = Math.max(...asked.map(({ at }) => at));
  const calls = table.readable(items, (item) => callOf(item, newestMs) ?? []).flat();
  return new Map(calls.map((call) => [callKey(call), call]));
}

/** What the predictive policy knows of calls. Earlier days are read and learnt from once a day. */
export class KnownDemand {
  #learnt: { date: string; profile: Profile | undefined } | undefined;

  /** @throws TableUnavailable */
  async read({ table, policy, now }: DemandDeps): Promise<{ demand?: RecentDemand; profile?: Profile }> {
    if (policy.policy !== 'predictive') return {};
    const nowMs = now();
    const perMinute = perMinuteOf(await table.getMany(recentKeys(nowMs)), nowMs);
    const { date } = slotOf(nowMs, policy.timeZone);
    if (this.#learnt?.date !== date) {
      const days = await table.getMany(learntDates(nowMs, policy.timeZone).map(dayKey));
      this.#learnt = { date, profile: learn(days.map(demandDayOf)) };
    }
    const { profile } = this.#learnt;
    return { demand: { perMinute }, ...(profile && { profile }) };
  }
}
