import { isoOf } from '../../contracts/api/common.ts';
import type { CallDetail, CallStep, CallView, EdgeView, GatewayView } from '../../contracts/api/views.ts';
import type { CallIdentity, Peer } from '../../contracts/common.ts';
import { type Call, identityOf, ownerOf } from './call/call.ts';
import { latestStepAt } from './call/call-record.ts';
import type { Edge } from './edge.ts';
import type { Gateway } from './gateway/gateway.ts';

/* Calls, gateways and edges as the API shows them. */

/** Epoch milliseconds as the API tells them, where they are known. */
const time = (at: number | undefined) => (at === undefined ? undefined : isoOf(at));

type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without what is not known. */
export function known<T extends object>(view: T): Known<T> {
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined)) as Known<T>;
}

/**
 * A map of free form, with its names in order. DynamoDB keeps a map in none (Developer Guide, "Data types", Map), and an
 * answer that changes by that alone would have another ETag each time.
 */
export function ordered<T extends object>(map: T): T {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, isMap(value) ? ordered(value) : value]),
  ) as T;
}

const isMap = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What names a call in a path of the API: a Call-ID may hold what no path does. */
export function pathIdOf(call: CallIdentity): string {
  return Buffer.from(ownerOf(call)).toString('base64url');
}

/** Reads back what `pathIdOf` made; of anything else, undefined. */
export function callOfPathId(id: string): CallIdentity | undefined {
  const owner = Buffer.from(id, 'base64url').toString();
  const call = identityOf(owner);
  return owner !== '' && pathIdOf(call) === id ? call : undefined;
}

export const referenceTo = (call: CallIdentity) => ({
  id: pathIdOf(call),
  ...known({ callId: call.callId, traceId: call.traceId }),
});

export function gatewayView(gateway: Gateway): GatewayView {
  const { username, contact, received, edgeId, lockedBy, lockedUntil, registeredAt, expiresAt } = gateway;
  return known({
    username,
    state: gateway.state,
    since: time(gateway.freeSince ?? gateway.silentSince ?? gateway.heldSince),
    contact,
    received: peerText(received),
    edgeId,
    call: lockedBy === undefined ? undefined : referenceTo(identityOf(lockedBy)),
    lockedUntil: time(lockedUntil),
    registeredAt: isoOf(registeredAt),
    expiresAt: isoOf(expiresAt * 1000),
    taskId: gateway.taskId,
  });
}

/** @param place among those that wait, 1 for the next */
export function callView(call: Call, place?: number): CallView {
  const { receivedAt, waitingSince, offeredAt, endedAt, caller } = call;
  return {
    ...referenceTo(call),
    ...known({
      state: call.state,
      room: call.room ?? '',
      caller: known({
        uri: caller?.uri ?? '',
        displayName: caller?.displayName,
        received: caller && peerText(caller.received),
      }),
      gateway: call.gateway,
      edgeId: call.edgeId,
      outcome: call.outcome,
      detail: call.detail,
      place,
      beganAt: isoOf(receivedAt ?? waitingSince ?? offeredAt ?? endedAt ?? latestStepAt(call)),
      waitingSince: time(waitingSince),
      offeredAt: time(offeredAt),
      ringingAt: time(call.ringingAt),
      answeredAt: time(call.answeredAt),
      endedAt: time(endedAt),
      endedBy: call.endedBy,
    }),
  };
}

/** @param others the calls with the same Call-ID */
export function callDetail(call: Call, others: readonly Call[]): CallDetail {
  return {
    ...callView(call),
    attempts: call.attempts.map(({ offeredAt, failedAt, lostAt, ...attempt }) =>
      known({ ...attempt, offeredAt: time(offeredAt), failedAt: time(failedAt), lostAt: time(lostAt) }),
    ),
    steps: timeline(call),
    ...(call.media && { media: { ...call.media, reportedAt: isoOf(call.media.reportedAt) } }),
    messages: (call.messages ?? []).map((message) => ({ ...message, at: isoOf(message.at) })),
    ...known({ messagesLeftOut: call.messagesLeftOut }),
    otherTries: others.map((other) => callView(other)).sort((a, b) => (a.beganAt < b.beganAt ? 1 : -1)),
  };
}

/** The steps of a call, oldest first; steps of the same moment in the order they can only have happened in. */
function timeline(call: Call): CallStep[] {
  const steps: (Omit<CallStep, 'at'> & { at: number })[] = [];
  const note = (at: number | undefined, step: string, gateway?: string, detail?: string) => {
    if (at !== undefined) steps.push({ at, step, ...known({ gateway, detail }) });
  };
  note(call.receivedAt, 'received');
  note(call.waitingSince, 'waiting');
  for (const one of [...call.attempts].sort((a, b) => a.attempt - b.attempt)) {
    note(one.offeredAt, 'offered', one.gateway, `attempt ${one.attempt}`);
    note(one.failedAt, one.cause ?? 'rejected', one.gateway, one.status?.toString());
    note(one.lostAt, 'lost', one.gateway, one.lostCause);
  }
  note(call.ringingAt, 'ringing', call.gateway);
  note(call.answeredAt, 'answered', call.gateway);
  note(call.endedAt, endStep(call), undefined, endDetail(call));
  return steps.sort((a, b) => a.at - b.at).map((step) => ({ ...step, at: isoOf(step.at) }));
}

function endStep(call: Call): string {
  if (call.outcome === 'cancelled') return 'cancelled';
  return call.answeredAt === undefined ? 'failed' : 'ended';
}

function endDetail(call: Call): string | undefined {
  const said = [call.outcome, call.endedBy && `by ${call.endedBy}`, call.detail].filter(Boolean);
  return said.length > 0 ? said.join(', ') : undefined;
}

/** @param calls those that have a gateway */
export function edgeView(edge: Edge, calls: number, nowMs: number): EdgeView {
  return known({
    edgeId: edge.edgeId,
    isUp: edge.leaseUntil > nowMs,
    leaseUntil: isoOf(edge.leaseUntil),
    upSince: edge.begunAt > 0 ? isoOf(edge.begunAt) : undefined,
    drainingSince: time(edge.drainingSince),
    calls,
  });
}

function peerText(peer: Peer): string {
  const address = peer.address.includes(':') ? `[${peer.address}]` : peer.address;
  return `${address}:${peer.port};${peer.protocol}`;
}
