import type { Fact } from '../../../contracts/facts.ts';
import { isArrival, learntDates } from '../../domain/demand/arrivals.ts';
import { learn, type Profile } from '../../domain/demand/profile.ts';
import type { FleetPolicy, RecentDemand } from '../../domain/fleet/types.ts';
import { type Clock, expiryAfter } from '../../domain/time.ts';
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

export interface DemandDeps {
  table: Table;
  policy: FleetPolicy;
  now: Clock;
}

const daySec = 24 * 3600;
const keptSec = { minutes: daySec, days: 90 * daySec };

/**
 * Counts a call that has come, or one that is over. A fact that comes twice counts twice: that is rare, and a forecast
 * does not depend on one call.
 * @throws TableUnavailable
 */
export async function noteDemand(
  fact: Fact,
  { table, policy }: Pick<DemandDeps, 'table' | 'policy'>,
): Promise<void> {
  if (fact.type === 'call.ended') {
    if (fact.answeredAt === undefined) return;
    const { date } = slotOf(fact.answeredAt, policy.timeZone);
    await addToDay(table, date, fact.at, {
      ended: 1,
      endedSec: Math.round((fact.at - fact.answeredAt) / 1000),
    });
    return;
  }
  if (fact.type !== 'call.waiting' && fact.type !== 'call.offered' && fact.type !== 'call.failed') return;
  const call = fact.type === 'call.waiting' ? undefined : callOf(await table.get(callKey(fact)), fact.at);
  if (!isArrival(fact, call)) return;
  const { date, attribute } = slotOf(fact.at, policy.timeZone);
  await Promise.all([
    table.write({
      update: minutesKey(fact.at),
      set: { expiresAt: expiryAfter(fact.at, keptSec.minutes) },
      add: { [minuteAttribute(fact.at)]: 1 },
    }),
    addToDay(table, date, fact.at, { [attribute]: 1 }),
  ]);
}

async function addToDay(
  table: Table,
  date: string,
  atMs: number,
  add: Record<string, number>,
): Promise<void> {
  await table.write({
    update: dayKey(date),
    set: { date, expiresAt: expiryAfter(atMs, keptSec.days) },
    add,
  });
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
