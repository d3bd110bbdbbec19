import type * as z from 'zod';
import type { CallView, InspectAnswer, inspectCommandSchema } from '../../../contracts/inspect.ts';
import { byTurn } from '../../domain/call/waiting.ts';
import { type Clock, isLive } from '../../domain/time.ts';
import { callView, gatewayView } from '../../domain/views.ts';
import type { Item } from '../../store/attributes.ts';
import { startsWith } from '../../store/conditions.ts';
import { callOf } from '../../store/items/call-item.ts';
import { gatewayFrom } from '../../store/items/gateway-item.ts';
import { callKeyPrefix, callsIndex, gatewayKeyPrefix } from '../../store/keys.ts';
import type { Table } from '../../store/table.ts';
import { readAll } from '../../store/watched.ts';
import { listDecisions, listStarts } from './fleet-history.ts';

/** Bounds of one answer: Lambda gives back at most 6 MB, and people wait for it. */
const maxPages = 50;
const maxGateways = 10_000;
const maxCallsRead = 20_000;
/** Calls, starts and decisions that name one Call-ID. */
const maxTries = 500;

/**
 * Shows people the table as it stands.
 * @throws TableUnavailable
 */
export async function inspect(
  command: z.output<typeof inspectCommandSchema>,
  { table, now }: { table: Table; now: Clock },
): Promise<InspectAnswer> {
  const nowMs = now();
  switch (command.command) {
    case 'listGateways': {
      const items = await scanAll(table, gatewayKeyPrefix, maxGateways);
      const live = table.readable(items, gatewayFrom).filter((one) => isLive(one, nowMs));
      const gateways = live.map((one) => gatewayView(one, nowMs));
      return { result: 'gateways', gateways: gateways.sort((a, b) => compare(a.username, b.username)) };
    }
    case 'listCalls': {
      const items = await scanAll(table, callKeyPrefix, maxCallsRead);
      const calls = table.readable(items, (item) => callOf(item, nowMs) ?? []).flat();
      const waiting = calls.filter((call) => call.state === 'waiting').sort(byTurn);
      const places = new Map(waiting.map((call, i) => [call, i + 1]));
      const views = calls.map((call) => callView(call, places.get(call)));
      return { result: 'calls', calls: newestFirst(views).slice(0, command.limit) };
    }
    case 'listDecisions':
      return listDecisions(table, command.limit, nowMs);
    case 'listStarts':
      return listStarts(table, command.limit, nowMs);
    case 'describeCall': {
      const [call, ...earlier] = await describe(command.callId, table, nowMs);
      return call === undefined ? { result: 'not-found' } : { result: 'call', call, earlier };
    }
  }
}

/** All calls with this Call-ID, newest first. The index shows a call a moment after its first step. */
async function describe(callId: string, table: Table, nowMs: number): Promise<CallView[]> {
  const { items } = await table.query({ index: callsIndex, key: ['callId', callId], limit: maxTries });
  // Starts and decisions name the call that they were made for.
  const pks = items.map(({ pk }) => String(pk)).filter((pk) => pk.startsWith(callKeyPrefix));
  const calls = table.readable(await readAll(table, pks), (item) => callOf(item, nowMs) ?? []).flat();
  return newestFirst(calls.map((call) => callView(call)));
}

const newestFirst = (views: CallView[]): CallView[] =>
  views.sort((a, b) => b.offeredAt - a.offeredAt || compare(a.callId, b.callId));

async function scanAll(table: Table, prefix: string, most: number): Promise<Item[]> {
  const found: Item[] = [];
  let from: Item | undefined;
  for (let pages = 0; pages < maxPages && found.length < most; pages += 1) {
    const page = await table.scan(startsWith('pk', prefix), from);
    found.push(...page.items);
    from = page.next;
    if (from === undefined) break;
  }
  return found.slice(0, most);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
