import { BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isFailure, type Outcome } from '../../contracts/outcomes.ts';
import type { Call } from '../../lambdas/domain/call/call.ts';
import type { Gateway } from '../../lambdas/domain/gateway/gateway.ts';
import { type Item, toAttributes } from '../../lambdas/store/attributes.ts';
import { actionItem } from '../../lambdas/store/items/action-item.ts';
import { callItem } from '../../lambdas/store/items/call-item.ts';
import { decisionItem } from '../../lambdas/store/items/decision-item.ts';
import { gatewayItem } from '../../lambdas/store/items/gateway-item.ts';
import { putSample } from '../../lambdas/store/items/minute-items.ts';
import { taskItem } from '../../lambdas/store/items/task-item.ts';
import { edgeKey, edgesWatchKey } from '../../lambdas/store/keys.ts';

/* A table as it is after thirty busy days: what the API reads of it, by the items that the functions write. */

export interface Fill {
  nowMs: number;
  pastCalls: number;
  gateways: number;
  /** Of the gateways. */
  busy: number;
}

const dayMs = 24 * 3600 * 1000;
const days = 30;
const edges = ['edge-1', 'edge-2'];
const received = { address: '203.0.113.9', port: 5060, protocol: 'tcp' } as const;
/** Of a hundred calls. */
const outcomes: readonly (readonly [upTo: number, outcome: Outcome])[] = [
  [88, 'answered'],
  [94, 'cancelled'],
  [97, 'no-answer'],
  [99, 'pool-exhausted'],
  [100, 'gateway-lost'],
];

export const usernameOf = (n: number) => `${n.toString(16).padStart(32, '0')}.mediagw.1`;
export const callIdOf = (n: number) => `${n.toString(16).padStart(8, '0')}-room-system@203.0.113.9`;
const traceIdOf = (n: number) => `1-6b094708-${n.toString(16).padStart(24, '0')}`;

function callOf(n: number): Call {
  const gateway = usernameOf(n % 5000);
  return {
    callId: callIdOf(n),
    traceId: traceIdOf(n),
    version: 3,
    state: 'offered',
    edgeId: edges[n % 2] as string,
    room: String(1000 + (n % 400)),
    caller: { uri: `sip:room-system-${n % 700}@example.org`, displayName: `Room ${n % 700}`, received },
    attempt: 1,
    attempts: [],
    gateway,
    registrationId: `registration-${n}`,
    callerDialogId: `${callIdOf(n)};from-tag=a${n}`,
    gatewayDialogId: `gateway-${n};from-tag=b${n}`,
  };
}

function pastCall(n: number, { nowMs, pastCalls }: Fill): Call {
  const endedAt = nowMs - Math.floor(((n + 1) / pastCalls) * (days - 0.1) * dayMs);
  const [, outcome] = outcomes.find(([upTo]) => n % 100 < upTo) as (typeof outcomes)[number];
  const offeredAt = endedAt - 600_000;
  const call = callOf(n);
  return {
    ...call,
    state: 'ended',
    attempts: [{ attempt: 1, gateway: call.gateway as string, offeredAt }],
    receivedAt: offeredAt - 50,
    offeredAt,
    ...(!isFailure(outcome) && { ringingAt: offeredAt + 400, answeredAt: offeredAt + 900 }),
    endedAt,
    endedBy: 'caller',
    outcome,
  };
}

const liveNumber = 1_000_000;

/** The call of the n-th busy gateway. */
function liveCall(n: number, nowMs: number): Call {
  const at = nowMs - 60_000 - n;
  const times = { receivedAt: at, offeredAt: at + 50, answeredAt: at + 900 };
  return { ...callOf(liveNumber + n), state: 'answered', gateway: usernameOf(n), ...times };
}

function gatewayOf(n: number, { nowMs, busy }: Fill): Gateway {
  const username = usernameOf(n);
  const contact = `sip:${username}@10.20.0.9:5060`;
  const gateway: Gateway = {
    username,
    contacts: [{ uri: contact, expiresAt: nowMs / 1000 + 3600, updatedAt: nowMs }],
    contactUris: new Set([contact]),
    contact,
    received: { ...received, address: '10.20.0.9' },
    edgeId: edges[n % 2] as string,
    registrationId: `registration-${n}`,
    cseq: 7,
    taskId: username.slice(0, 32),
    state: 'free',
    freeSince: nowMs - 60_000 - n,
    registeredAt: nowMs - 3_600_000,
    expiresAt: Math.ceil(nowMs / 1000) + 3600,
  };
  if (n >= busy) return gateway;
  const { freeSince: _free, ...rest } = gateway;
  const { callId, traceId } = callOf(liveNumber + n);
  return { ...rest, state: 'busy', lockedBy: `${callId}#${traceId}` };
}

function* itemsOf(fill: Fill): Generator<Item> {
  const { nowMs, pastCalls, gateways, busy } = fill;
  const expiresAt = Math.ceil(nowMs / 1000) + 3600;
  for (const edgeId of edges) {
    const place = { watchKey: edgesWatchKey, watchAt: nowMs + 3_600_000, begunAt: nowMs - dayMs };
    yield { pk: edgeKey(edgeId), v: 1, edgeId, generation: 1, ...place, expiresAt };
  }
  for (let n = 0; n < pastCalls; n += 1) yield callItem(pastCall(n, fill));
  for (let n = 0; n < busy; n += 1) yield callItem(liveCall(n, nowMs));
  for (let n = 0; n < gateways; n += 1) yield gatewayItem(gatewayOf(n, fill), 1);
  yield* minutesOf(nowMs, gateways, busy);
  // A start for every tenth call, and as many decisions; what operators did now and then.
  for (let n = 0; n < pastCalls / 10; n += 1) {
    const at = nowMs - Math.floor((n / pastCalls) * 10 * (days - 0.1) * dayMs);
    const startId = n.toString(16).padStart(16, '0');
    const task = { startId, version: 4, why: 'short', requestedAt: at, refusals: 0, tries: 1 };
    const times = {
      createdAt: at,
      startedAt: at + 20_000,
      registeredAt: at + 25_000,
      stoppedAt: at + 900_000,
    };
    yield taskItem({
      ...task,
      ...times,
      state: 'stopped',
      counted: true,
      taskId: usernameOf(n).slice(0, 32),
    });
    const counts = { free: 3, unmanaged: 0, locked: 1, busy: 40, held: 0, draining: 0, starting: 2 };
    yield decisionItem(
      {
        at,
        action: 'start',
        count: 2,
        done: 2,
        reason: { rule: 'short', level: 5 },
        trigger: 'call.offered',
        counts,
        managed: 46,
        waiting: 0,
        recentStarts: { consecutiveFailures: 0 },
      } as unknown as Parameters<typeof decisionItem>[0],
      startId,
    );
    if (n % 50 > 0) continue;
    yield actionItem({
      version: 1,
      id: startId,
      type: 'operator.acted',
      at,
      who: 'alice@example.org',
      action: 'drain-gateway',
      subject: usernameOf(n % 5000),
      reason: 'no sound',
      details: {},
    });
  }
}

/** The samples of the last day's minutes. */
function* minutesOf(nowMs: number, gateways: number, busy: number): Generator<Item> {
  const failed = new Map([
    ['pool-exhausted: none-free', 1],
    ['no-answer', 2],
  ]);
  const counts = {
    free: gateways - busy,
    locked: 12,
    busy,
    held: 3,
    draining: 3,
    starting: 20,
    waiting: 4,
    calls: 70,
    wanted: 110,
    foreseen: 68.25,
  };
  const hours = new Map<string, Item>();
  for (let atMs = nowMs - dayMs; atMs < nowMs; atMs += 60_000) {
    const { update, set } = putSample(atMs, { ...counts, failed });
    hours.set(update, { pk: update, ...hours.get(update), ...set });
  }
  yield* hours.values();
}

const batchSize = 25;
const atOnce = 16;

/** Writes it past the functions, which would take hours. @returns how many items there are */
export async function fillTable(client: DynamoDBClient, tableName: string, fill: Fill): Promise<number> {
  const items = itemsOf(fill);
  let written = 0;
  const worker = async () => {
    for (;;) {
      const batch: Item[] = [];
      while (batch.length < batchSize) {
        const next = items.next();
        if (next.done) break;
        batch.push(next.value);
      }
      if (batch.length === 0) return;
      await client.send(
        new BatchWriteItemCommand({
          RequestItems: { [tableName]: batch.map((item) => ({ PutRequest: { Item: toAttributes(item) } })) },
        }),
      );
      written += batch.length;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return written;
}
