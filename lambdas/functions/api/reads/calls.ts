import type * as z from 'zod';
import type { reads } from '../../../../contracts/api/routes.ts';
import type { CallDetail, CallRecordView, CallView } from '../../../../contracts/api/views.ts';
import { isFailure } from '../../../../contracts/outcomes.ts';
import type { Call } from '../../../domain/call/call.ts';
import { callRecordView } from '../../../domain/call/detail-record.ts';
import { byTurn } from '../../../domain/call/waiting.ts';
import { callDetail, callOfPathId, callView } from '../../../domain/views.ts';
import { callOf } from '../../../store/items/call-item.ts';
import {
  callKey,
  callKeyPrefix,
  callOfKey,
  callsIndex,
  callsWatchKey,
  edgeIdOf,
  edgesWatchKey,
  endedCallsWatchKey,
  neverAt,
  recordDueWatchKey,
  waitingWatchKey,
} from '../../../store/keys.ts';
import type { Entry, Lane } from '../../../store/newest-first.ts';
import type { Table } from '../../../store/table.ts';
import { readAll, watched } from '../../../store/watched.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { itemsOf, type PageOf, readPage } from './page.ts';
import { daysLane, type Window, watchLane, windowOf } from './window.ts';

type PastQuery = z.output<typeof reads.listCalls.query>;
type RecordsQuery = z.output<typeof reads.listRecords.query>;
type LiveQuery = z.output<typeof reads.listLiveCalls.query>;

const always: Window = { from: 0, to: neverAt };
const maxEdges = 100;
const maxWaiting = 500;
/** Calls, starts and decisions that name one Call-ID. */
const maxTries = 100;

/**
 * @param failed only those that failed, only the others, or both; those whose record is still to be told are among either
 * @returns the lanes of calls that are over
 */
export function pastCallsLanes(window: Window, failed?: boolean): Lane[] {
  const byDay = [false, true]
    .filter((one) => failed === undefined || failed === one)
    .map((one) => daysLane(window, (atMs) => endedCallsWatchKey(atMs, one)));
  // For a minute at most, whichever way they ended.
  return [...byDay, watchLane([recordDueWatchKey], window)];
}

/** @throws TableUnavailable, ApiProblem */
export async function listCalls(query: PastQuery, { table, now }: ApiDeps): Promise<PageOf<CallView>> {
  const nowMs = now();
  const { outcome, callId } = query;
  const exact = callId === undefined || query.cursor ? [] : await callsWith(callId, table, nowMs);
  if (exact.length > 0) return { items: exact.map((call) => callView(call)).sort(newestFirst) };
  const failed = outcome && isFailure(outcome);
  return readPage(table, {
    ...query,
    lanes: pastCallsLanes(windowOf(query, nowMs), failed),
    cursor: query.cursor,
    ...beginsWith(callId),
    view: (item) => {
      const call = callOf(item, nowMs);
      return call && isAskedFor(call, query) ? callView(call) : undefined;
    },
    byTime: true,
  });
}

/** @throws TableUnavailable, ApiProblem */
export function listRecords(query: RecordsQuery, { table, now }: ApiDeps): Promise<PageOf<CallRecordView>> {
  const nowMs = now();
  return readPage(table, {
    ...query,
    lanes: pastCallsLanes(windowOf(query, nowMs)),
    cursor: query.cursor,
    // An export is made once: it shall miss none that has just ended.
    load: (pks) => itemsOf(table, pks, { late: false }),
    view: (item) => {
      const call = callOf(item, nowMs);
      return call && callRecordView(call);
    },
    byTime: true,
  });
}

/** By the key alone: only those that are wanted are read. */
const beginsWith = (callId: string | undefined) =>
  callId === undefined ? {} : { may: ({ pk }: Entry) => callOfKey(pk).callId.startsWith(callId) };

function isAskedFor(call: Call, { outcome, room, caller, gateway, edge }: PastQuery): boolean {
  return (
    call.state === 'ended' &&
    (outcome === undefined || call.outcome === outcome) &&
    (room === undefined || call.room === room) &&
    (caller === undefined || namesOf(call).some((name) => name.includes(caller))) &&
    (gateway === undefined || call.attempts.some((one) => one.gateway.startsWith(gateway))) &&
    (edge === undefined || call.edgeId === edge)
  );
}

/** What a list shows of its caller. */
const namesOf = ({ caller }: Call) => [caller?.uri, caller?.displayName].filter((name) => name !== undefined);

export async function edgeIdsOf(table: Table): Promise<string[]> {
  const { items } = await watched(table, edgesWatchKey, maxEdges);
  return items.map(({ pk }) => edgeIdOf(String(pk))).sort();
}

/** Those that wait, in their order of turn, and then those that have a gateway. @throws TableUnavailable, ApiProblem */
export async function listLiveCalls(query: LiveQuery, { table, now }: ApiDeps): Promise<PageOf<CallView>> {
  const nowMs = now();
  const edgeIds = await edgeIdsOf(table);
  const places = await placesOf(table, nowMs);
  const lanes = [waitingWatchKey, ...edgeIds.map(callsWatchKey)].map((key) => watchLane([key], always));
  return readPage(table, {
    ...query,
    lanes,
    cursor: query.cursor,
    ...beginsWith(query.callId),
    view: (item) => {
      const call = callOf(item, nowMs);
      // The index may show for a moment what has changed since.
      return call && call.state !== 'ended' ? callView(call, places.get(String(item.pk))) : undefined;
    },
    byTime: false,
  });
}

async function placesOf(table: Table, nowMs: number): Promise<Map<string, number>> {
  const { items } = await watched(table, waitingWatchKey, maxWaiting);
  const calls = table
    .readable(
      await readAll(
        table,
        items.map(({ pk }) => String(pk)),
        { late: true },
      ),
      (item) => callOf(item, nowMs) ?? [],
    )
    .flat()
    .filter(({ state }) => state === 'waiting');
  return new Map(calls.sort(byTurn).map((call, at) => [callKey(call), at + 1]));
}

/** @throws TableUnavailable, ApiProblem not-found */
export async function getCall(id: string, { table, now }: ApiDeps): Promise<CallDetail> {
  const nowMs = now();
  const identity = callOfPathId(id);
  const call = identity && callOf(await table.get(callKey(identity)), nowMs);
  if (call === undefined) throw new ApiProblem('not-found', { code: 'no-such-call' });
  const tries = await callsWith(call.callId, table, nowMs);
  return callDetail(
    call,
    tries.filter((one) => callKey(one) !== callKey(call)),
  );
}

/** All calls with this Call-ID. The index shows one a moment after its first step. */
async function callsWith(callId: string, table: Table, nowMs: number): Promise<Call[]> {
  const { items } = await table.query({ index: callsIndex, key: ['callId', callId], limit: maxTries });
  // Starts and decisions name the call that they were made for.
  const pks = items.map(({ pk }) => String(pk)).filter((pk) => pk.startsWith(callKeyPrefix));
  return table.readable(await readAll(table, pks), (item) => callOf(item, nowMs) ?? []).flat();
}

const newestFirst = (a: CallView, b: CallView) => (a.beganAt < b.beganAt ? 1 : -1);
