import type { CallRecord } from '../../../contracts/call-record.ts';
import type { Call } from '../../domain/call/call.ts';
import { withoutDue } from '../../domain/call/call-record.ts';
import { callRecordOf } from '../../domain/call/detail-record.ts';
import { putCall } from '../../store/call-writes.ts';
import { callOf } from '../../store/items/call-item.ts';
import { recordDueWatchKey } from '../../store/keys.ts';
import { readAll, watched } from '../../store/watched.ts';
import type { SettleDeps } from '../../usecases/settle-call.ts';

export interface CallsDeps extends SettleDeps {
  /** Tells the bus the record of a call that is over. @throws (it) NotTold */
  tell: (record: CallRecord) => Promise<void>;
}

/** Bound of one sweep. */
const mostTold = 500;

/**
 * Tells the record of a call, if it is over. Whoever took the fact that ended it tells it after the write, and takes the
 * fact again where that fails: so each record is told at least once, and the same record again by the same revision.
 * @throws NotTold
 */
export async function tellRecord(call: Call | undefined, { tell }: Pick<CallsDeps, 'tell'>): Promise<void> {
  const record = call && callRecordOf(call);
  if (record !== undefined) await tell(record);
}

/**
 * Tells the records of calls that no fact has ended: no message comes again for them, so they are marked until it is done.
 * @returns whether there are more than one sweep tells
 * @throws TableUnavailable, NotTold
 */
export async function tellDueRecords(deps: CallsDeps): Promise<{ more: boolean }> {
  const { table, now } = deps;
  const { items, more } = await watched(table, recordDueWatchKey, mostTold);
  const pks = items.map(({ pk }) => String(pk));
  const calls = table.readable(await readAll(table, pks), (item) => callOf(item, now()) ?? []).flat();
  for (const call of calls.filter(({ recordDue }) => recordDue)) {
    await tellRecord(call, deps);
    // Refused where the call went on since: whoever wrote it tells it, or the next sweep.
    await table.write(putCall(withoutDue(call), call, now()));
  }
  return { more };
}
