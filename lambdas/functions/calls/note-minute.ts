import type { Measurement, MetricName } from '../../../contracts/metrics.ts';
import type { FleetPool } from '../../domain/fleet/fleet-pool.ts';
import { failureWord, type MinuteSample } from '../../domain/minute-sample.ts';
import { between } from '../../store/conditions.ts';
import { callOf } from '../../store/items/call-item.ts';
import { minuteAttribute, minutesKey } from '../../store/items/demand-items.ts';
import { putSample } from '../../store/items/minute-items.ts';
import { fleetPoolOf } from '../../store/items/pool-item.ts';
import { endedCallsWatchKey, heldWatchKey, poolKey, waitingWatchKey, watchIndex } from '../../store/keys.ts';
import { readAll, watched } from '../../store/watched.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';

const minuteMs = 60_000;
/** Bounds of one minute: what is beyond is not counted. */
const mostFailed = 200;
const mostCounted = 5000;

/**
 * Keeps how the minute before this one stood: the pool as it was just counted, the calls that came, and those that failed
 * and why, beside what the fleet expected. Facts that are later than a minute are not in it.
 * @param counts what `measurePool` says
 * @throws TableUnavailable
 */
export async function noteMinute(
  counts: readonly Measurement[],
  { table, now }: Pick<SettleDeps, 'table' | 'now'>,
): Promise<void> {
  const atMs = (Math.floor(now() / minuteMs) - 1) * minuteMs;
  const ofMinute = between('watchAt', atMs, atMs + minuteMs - 1);
  const [pool, arrivals, waiting, held, failedKeys] = await Promise.all([
    table.get(poolKey),
    table.get(minutesKey(atMs)),
    table.count({ index: watchIndex, key: ['watchKey', waitingWatchKey], limit: mostCounted }),
    table.count({ index: watchIndex, key: ['watchKey', heldWatchKey], limit: mostCounted }),
    watched(table, endedCallsWatchKey(atMs, true), mostFailed, ofMinute),
  ]);
  const items = await readAll(
    table,
    failedKeys.items.map(({ pk }) => String(pk)),
  );
  const words = table
    .readable(items, (item) => callOf(item, now()) ?? [])
    .flat()
    .map(failureWord);
  const fleet = fleetPoolOf(pool);
  const count = (name: MetricName) => counts.find((one) => one.name === name)?.value ?? 0;
  const [free, locked, busy] = [count('FreeGateways'), count('LockedGateways'), count('BusyGateways')];
  await table.write(
    putSample(atMs, {
      free,
      locked,
      busy,
      held: held.count,
      draining: count('RegisteredGateways') - free - locked - busy,
      starting: fleet.starting ?? 0,
      waiting: waiting.count,
      calls: Number(arrivals?.[minuteAttribute(atMs)] ?? 0),
      ...expectedAt(atMs, fleet),
      failed: new Map([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length])),
    }),
  );
}

/** What the fleet expected of a minute. It looks once a minute at least: what it said before that is of another one. */
function expectedAt(
  atMs: number,
  { updatedAt = 0, wanted, foreseen = [] }: Partial<FleetPool>,
): Pick<MinuteSample, 'wanted' | 'foreseen'> {
  const calls = foreseen.find(({ at }) => at === atMs)?.calls;
  return {
    ...(wanted !== undefined && updatedAt >= atMs && { wanted }),
    ...(calls !== undefined && { foreseen: calls }),
  };
}
