import type * as z from 'zod';
import { isoOf } from '../../../../contracts/api/common.ts';
import type { reads } from '../../../../contracts/api/routes.ts';
import type { Failures } from '../../../../contracts/api/views.ts';
import { isFailure } from '../../../../contracts/outcomes.ts';
import type { Call } from '../../../domain/call/call.ts';
import { referenceTo } from '../../../domain/views.ts';
import { callOf } from '../../../store/items/call-item.ts';
import { newestFirst } from '../../../store/newest-first.ts';
import { readAll } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';
import { pastCallsLanes } from './calls.ts';
import { windowOf } from './window.ts';

type Query = z.output<typeof reads.getFailures.query>;

/** Failed calls that one answer reads. */
const maxRead = 250;
const examples = 3;

const commonOf: Record<Query['by'], (call: Call) => string> = {
  outcome: (call) => call.outcome ?? '',
  detail: (call) => call.detail ?? '',
  gateway: (call) => call.attempts.at(-1)?.gateway ?? '',
  edge: (call) => call.edgeId,
  caller: (call) => call.caller?.uri ?? '',
  room: (call) => call.room ?? '',
};

/** @throws TableUnavailable */
export async function getFailures(query: Query, { table, now }: ApiDeps): Promise<Failures> {
  const nowMs = now();
  const window = windowOf(query, nowMs);
  const { entries, placeAfter } = await newestFirst(table, pastCallsLanes(window, true), maxRead);
  const items = await readAll(
    table,
    entries.map(({ pk }) => pk),
    { late: true },
  );
  const calls = table
    .readable(items, (item) => callOf(item, nowMs) ?? [])
    .flat()
    .filter(({ outcome }) => outcome !== undefined && isFailure(outcome))
    .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  const groups = Map.groupBy(calls, commonOf[query.by]);
  const last = entries.at(-1);
  return {
    by: query.by,
    from: isoOf(window.from),
    to: isoOf(window.to),
    failed: calls.length,
    ...(placeAfter(entries.length) && last && { searchedUntil: isoOf(last.at) }),
    groups: [...groups]
      .map(([value, of]) => ({ value, count: of.length, examples: of.slice(0, examples).map(referenceTo) }))
      .sort((a, b) => b.count - a.count),
  };
}
