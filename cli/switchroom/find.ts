import { CommandError } from '../../command-line/command-error.ts';
import { actionReads } from '../../contracts/api/actions.ts';
import { reads } from '../../contracts/api/routes.ts';
import type { CallView, EdgeView, GatewayView } from '../../contracts/api/views.ts';
import type { ApiClient } from './client.ts';

/* What people name by its beginning. */

/** Candidates that are looked at; a beginning that so many share is none. */
const mostCandidates = 50;
const shown = 5;

function ambiguous(what: string, beginning: string, names: readonly string[]): never {
  const some = names.slice(0, shown).join(', ');
  throw new CommandError(
    `several ${what} begin with ${beginning}: ${some}${names.length > shown ? ', …' : ''}`,
    2,
  );
}

/**
 * @param beginning of a Call-ID, or all of it
 * @returns the last call with it, in progress before over; undefined where there is none
 * @throws CommandError where it is the beginning of several Call-IDs
 */
export async function findCall(client: ApiClient, beginning: string): Promise<CallView | undefined> {
  // In this order: a call that ends meanwhile is in the second list.
  const live = await client.list(reads.listLiveCalls, mostCandidates, { callId: beginning });
  const past = await client.list(reads.listCalls, mostCandidates, { callId: beginning });
  const exact = past.items.find(({ callId }) => callId === beginning);
  if (exact !== undefined) return exact;
  const calls = [...live.items, ...past.items];
  const callIds = [...new Set(calls.map(({ callId }) => callId))];
  if (callIds.length > 1) ambiguous('Call-IDs', beginning, callIds);
  return calls[0];
}

/** @throws CommandError where it is the beginning of several usernames */
export async function findGateway(client: ApiClient, beginning: string): Promise<GatewayView | undefined> {
  const exact = await client.find(reads.getGateway, { params: { username: beginning } });
  if (exact !== undefined) return exact;
  const { items } = await client.list(reads.listGateways, mostCandidates, { username: beginning });
  const names = [...new Set(items.map(({ username }) => username))];
  if (names.length > 1) ambiguous('gateways', beginning, names);
  return items[0];
}

/** The one that is named so, else the only one that begins so. @throws CommandError where several do */
function named<T>(
  what: string,
  beginning: string,
  items: readonly T[],
  nameOf: (item: T) => string,
): T | undefined {
  const exact = items.find((item) => nameOf(item) === beginning);
  if (exact !== undefined) return exact;
  const found = items.filter((item) => nameOf(item).startsWith(beginning));
  if (found.length > 1) ambiguous(what, beginning, found.map(nameOf));
  return found[0];
}

/** @throws CommandError where it is the beginning of several edges' names */
export async function findEdge(client: ApiClient, beginning: string): Promise<EdgeView | undefined> {
  const { items } = await client.ask(reads.listEdges);
  return named('edges', beginning, items, ({ edgeId }) => edgeId);
}

/** @throws CommandError where it is the beginning of several reservations' ids */
export async function findReservation(client: ApiClient, beginning: string) {
  const { reservations } = await client.ask(actionReads.getOrders);
  return named('reservations', beginning, reservations, ({ id }) => id);
}
