import type * as z from 'zod';
import type { gatewayRoutes } from '../../../../contracts/api/gateway-routes.ts';
import type { MediaReport } from '../../../../contracts/media-report.ts';
import type { Call } from '../../../domain/call/call.ts';
import { callRecordOf } from '../../../domain/call/detail-record.ts';
import { aboutCall } from '../../../domain/call/measurements.ts';
import { callOfMedia, isSameMedia, mediaMeasurements, toldMedia } from '../../../domain/call/media.ts';
import { NotTold, TableContention } from '../../../domain/errors.ts';
import { pathIdOf } from '../../../domain/views.ts';
import { putCall } from '../../../store/call-writes.ts';
import { callFrom, callOf } from '../../../store/items/call-item.ts';
import { gatewaysIndex } from '../../../store/keys.ts';
import type { Table } from '../../../store/table.ts';
import { readAll } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';

type Answer = z.output<typeof gatewayRoutes.reportMedia.answer>;
type Deps = Pick<ApiDeps, 'table' | 'now' | 'measure' | 'tellRecord'>;

/** Latest calls of a gateway among which that of a report is looked for: one has one call at a time. */
const maxCalls = 20;
const maxTries = 4;

/**
 * Notes in the record of a call how its media went, once: what comes again is known, and what says otherwise is refused.
 * The record of a call that is over is told again.
 * @param username of the gateway that asks
 * @throws TableUnavailable, TableContention, ApiProblem forbidden, not-found, conflict
 */
export async function takeMediaReport(report: MediaReport, username: string, deps: Deps): Promise<Answer> {
  const { table, now, measure } = deps;
  const { destinationGw } = report.call.details.destination;
  // A second report of the same call, when baresip ends, names nobody.
  if (destinationGw !== '' && destinationGw !== username) {
    throw new ApiProblem('forbidden', { detail: 'it is the record of another gateway' });
  }
  const nowMs = now();
  const told = toldMedia(report, nowMs);
  if (told.streams.length === 0) return { result: 'empty' };
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const call = callOfMedia(told, await lastCallsOf(username, table, nowMs));
    if (call === undefined)
      throw new ApiProblem('not-found', { detail: 'the gateway had no call at that time' });
    const id = pathIdOf(call);
    if (call.media !== undefined) {
      if (!isSameMedia(call.media, told.streams)) {
        throw new ApiProblem('conflict', { detail: 'the call has another report already' });
      }
      // It comes again where the answer to the first was lost, and so perhaps what follows from it.
      await tellAgain(call, deps);
      return { result: 'known', id };
    }
    const put = putCall({ ...call, media: { reportedAt: nowMs, streams: told.streams } }, call, nowMs);
    if (!(await table.write(put)).done) continue;
    measure(mediaMeasurements(told, call.endedAt ?? nowMs), aboutCall(call));
    await tellAgain(callFrom(put.put), deps);
    return { result: 'joined', id };
  }
  throw new TableContention(`the call of gateway ${username} keeps changing`);
}

/** Of a call that goes on, whoever takes its end tells. Where the bus does not take it now, the sweep tells it. */
async function tellAgain(call: Call, { table, now, tellRecord }: Deps): Promise<void> {
  const record = callRecordOf(call);
  if (record === undefined) return;
  try {
    await tellRecord(record);
  } catch (error) {
    if (!(error instanceof NotTold)) throw error;
    // Refused where others wrote it since: they tell it.
    await table.write(putCall({ ...call, recordDue: true }, call, now()));
  }
}

/** The index shows a call within a moment of its first offer, and so long before its end. */
async function lastCallsOf(username: string, table: Table, nowMs: number): Promise<Call[]> {
  const { items } = await table.query({
    index: gatewaysIndex,
    key: ['gateway', username],
    newestFirst: true,
    limit: maxCalls,
  });
  const pks = items.map(({ pk }) => String(pk));
  const calls = table.readable(await readAll(table, pks), (item) => callOf(item, nowMs) ?? []).flat();
  return calls.filter(({ gateway }) => gateway === username);
}
