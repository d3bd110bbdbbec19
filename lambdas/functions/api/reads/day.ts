import type * as z from 'zod';
import { isoOf } from '../../../../contracts/api/common.ts';
import type { DayView } from '../../../../contracts/api/pool-views.ts';
import type { reads } from '../../../../contracts/api/routes.ts';
import type { MinuteSample } from '../../../domain/minute-sample.ts';
import { keysOfDay, samplesOf } from '../../../store/items/minute-items.ts';
import { readAll } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';

type Query = z.output<typeof reads.getDay.query>;
type Counts = Omit<MinuteSample, 'failed' | 'wanted' | 'foreseen'>;

/** How it stood in each minute of a day: two dozen small items, whatever went on. @throws TableUnavailable */
export async function getDay({ day }: Query, { table, now }: ApiDeps): Promise<DayView> {
  const nowMs = now();
  const date = day ?? isoOf(nowMs).slice(0, 10);
  const fromMs = Date.parse(date);
  const samples = samplesOf(await readAll(table, keysOfDay(fromMs), { late: true }), fromMs, nowMs);
  const series = (read: (sample: MinuteSample) => number | undefined) =>
    samples.map((one) => (one && read(one)) ?? null);
  const counts = (names: readonly (keyof Counts)[]) =>
    Object.fromEntries(names.map((name) => [name, series((sample) => sample[name])]));
  const failures = new Set(samples.flatMap((one) => [...(one?.failed.keys() ?? [])]));
  return {
    day: date,
    everySec: 60,
    ...(counts(['free', 'locked', 'busy', 'held', 'draining', 'starting', 'waiting', 'calls']) as Pick<
      DayView,
      keyof Counts
    >),
    wanted: series(({ wanted }) => wanted),
    foreseen: series(({ foreseen }) => foreseen),
    failed: [...failures]
      .sort()
      .map((word) => ({ word, calls: series(({ failed }) => failed.get(word) ?? 0) })),
  };
}
