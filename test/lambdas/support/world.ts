import { randomUUID } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type CallRecord, callRecordSchema } from '../../../contracts/call-record.ts';
import type {
  AllocateAnswer,
  AllocateGateway,
  RegisterAnswer,
  RegisterGateway,
  UnregisterGateway,
} from '../../../contracts/commands.ts';
import type { Peer } from '../../../contracts/common.ts';
import { type Fact, factSchema } from '../../../contracts/facts.ts';
import type { Measurement } from '../../../contracts/metrics.ts';
import type { Call } from '../../../lambdas/domain/call/call.ts';
import type { Pool } from '../../../lambdas/domain/fleet/pool.ts';
import type { Gateway } from '../../../lambdas/domain/gateway/gateway.ts';
import { type AllocateDeps, allocateGateway } from '../../../lambdas/functions/allocate/allocate-gateway.ts';
import { isConsumed } from '../../../lambdas/functions/calls/input.ts';
import { listEdgeCalls } from '../../../lambdas/functions/calls/list-edge-calls.ts';
import { keepLease, renewEdge } from '../../../lambdas/functions/calls/renew-edge.ts';
import { sweep } from '../../../lambdas/functions/calls/sweep.ts';
import { type ConsumedFact, takeFacts } from '../../../lambdas/functions/calls/take-facts.ts';
import type { CallsDeps } from '../../../lambdas/functions/calls/tell-records.ts';
import { type RegisterDeps, registerGateway } from '../../../lambdas/functions/register/register-gateway.ts';
import { listBindings, unregisterGateway } from '../../../lambdas/functions/register/unregister-gateway.ts';
import type { Item } from '../../../lambdas/store/attributes.ts';
import {
  callKey,
  callKeyPrefix,
  callsIndex,
  gatewayKey,
  poolKey,
  tombstoneKey,
  waitingWatchKey,
} from '../../../lambdas/store/keys.ts';
import { openTable, type Table } from '../../../lambdas/store/table.ts';
import { watched } from '../../../lambdas/store/watched.ts';
import { loseGateway } from '../../../lambdas/usecases/lose-gateway.ts';
import { headsOfQueue } from '../../../lambdas/usecases/waiting-queue.ts';

export interface WorldOptions {
  afterCall?: 'stop' | 'reuse';
  freeShards?: number;
  random?: () => number;
}

/** The functions over one real table, with a clock that the test owns. */
export class World {
  /** Epoch milliseconds. Nothing but the test moves it. */
  nowMs = 1_800_000_000_000;
  /** Ids of the tasks stopped so far, in order. */
  readonly stopped: string[] = [];
  readonly warnings: string[] = [];
  readonly measured: Measurement[] = [];
  /** What the bus was told of calls that are over. */
  readonly records: CallRecord[] = [];
  readonly leaseMs = 120_000;
  readonly graceMs = 60_000;
  readonly waitLimitMs = 90_000;
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly table: Table;
  readonly deps: RegisterDeps & AllocateDeps & CallsDeps;

  constructor(client: DynamoDBClient, tableName: string, options: WorldOptions = {}) {
    this.client = client;
    this.tableName = tableName;
    this.table = openTable(client, tableName, { pause: async () => {} });
    this.deps = {
      table: this.table,
      now: () => this.nowMs,
      random: options.random ?? Math.random,
      pause: async () => {},
      measure: (measurements) => this.measured.push(...measurements),
      warn: (message) => this.warnings.push(message),
      stopTask: async (taskId) => {
        this.stopped.push(taskId);
      },
      tell: async (record) => {
        this.records.push(callRecordSchema.parse(record));
      },
      gatewayName: 'mediagw',
      freeShards: options.freeShards ?? 1,
      leaseMs: this.leaseMs,
      // Looked at each time: what a test does follows at the same moment.
      queue: { heads: headsOfQueue },
      waitLimitMs: this.waitLimitMs,
      graceMs: this.graceMs,
      afterCall: options.afterCall ?? 'stop',
    };
  }

  /** @returns another world on the same table, at the same moment */
  beside(client = this.client): World {
    const other = new World(client, this.tableName);
    other.nowMs = this.nowMs;
    return other;
  }

  pass(seconds: number): void {
    this.nowMs += seconds * 1000;
  }

  register(command: Partial<RegisterGateway> & { username: string }): Promise<RegisterAnswer> {
    return registerGateway(registerCommand(command), this.deps);
  }

  unregister(command: Partial<UnregisterGateway> & { username: string }): Promise<RegisterAnswer> {
    const { registrationId = 'reg-1', cseq = 100, contacts = '*', received = peer } = command;
    return unregisterGateway(
      { command: 'unregisterGateway', username: command.username, registrationId, cseq, contacts, received },
      this.deps,
    );
  }

  list(username: string): Promise<RegisterAnswer> {
    return listBindings({ command: 'listBindings', username }, this.deps);
  }

  allocate(command: Partial<AllocateGateway> & { callId: string }): Promise<AllocateAnswer> {
    return allocateGateway(allocateCommand(command), this.deps);
  }

  /** Allocates, and fails the test where nothing was granted. */
  async grant(command: Partial<AllocateGateway> & { callId: string }) {
    const answer = await this.allocate(command);
    if (answer.result !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Makes a fact of now; `say` it once, twice, or later. */
  fact(fact: FactBody): Fact {
    return factSchema.parse({ version: 1, id: randomUUID(), at: this.nowMs, edgeId: 'edge-1', ...fact });
  }

  /** The gateway has answered, at this moment unless told otherwise. */
  answered(callId: string, gateway: string, more: object = {}): Fact {
    const [callerDialogId, gatewayDialogId] = [`${callId}-a`, `${callId}-b`];
    const now = { receivedAt: this.nowMs, callerDialogId, gatewayDialogId };
    return this.fact({ type: 'call.answered', callId, gateway, ...now, ...more });
  }

  /** The caller has hung up, unless told otherwise. */
  ended(callId: string, gateway: string, more: object = {}): Fact {
    return this.fact({ type: 'call.ended', callId, gateway, by: 'caller', outcome: 'answered', ...more });
  }

  async say(fact: Fact | FactBody): Promise<void> {
    const whole = 'version' in fact ? (fact as Fact) : this.fact(fact);
    if (isConsumed(whole)) await this.take([whole]);
  }

  /** Facts that came in one batch. @throws the first error of those that shall come again */
  async take(facts: readonly ConsumedFact[]): Promise<void> {
    const errors: Error[] = [];
    const told = facts.map((event) => ({ messageId: event.id, event }));
    await takeFacts(told, this.deps, (_ids, error) => errors.push(error));
    if (errors[0] !== undefined) throw errors[0];
  }

  /** What the fleet says of the pool: it may grow, unless told otherwise. */
  async pool(pool: Partial<Pool> = {}): Promise<void> {
    const nowMs = this.deps.now();
    const item = {
      mayGrow: true,
      starting: 0,
      startsFailing: false,
      managed: 0,
      maximum: 100,
      updatedAt: nowMs,
      expiresAt: Math.ceil(nowMs / 1000) + 600,
      ...pool,
    };
    await this.table.write({ put: { pk: poolKey, ...item } });
  }

  /** The calls that wait, as they will be served. */
  async waiting(): Promise<string[]> {
    const { items } = await watched(this.table, waitingWatchKey, 1000);
    return items.map(({ pk }) => String(pk).slice('CALL#'.length));
  }

  /** An edge asks, as it does every few seconds: its lease is renewed. @returns what it is told to hang up */
  hangups(edgeId = 'edge-1', { leaseSec = 45, generation = 1 } = {}) {
    return renewEdge({ command: 'renewEdge', edgeId, leaseSec, generation }, this.deps);
  }

  lose(username: string, cause = 'task stopped') {
    return loseGateway({ username, cause, at: this.deps.now() }, this.deps);
  }

  sweep() {
    return sweep(this.deps);
  }

  async edgeCalls(edgeId = 'edge-1', { leaseSec = 45, generation = 1 } = {}) {
    const command = { command: 'listEdgeCalls', edgeId, leaseSec, generation } as const;
    await keepLease(command, this.deps);
    return listEdgeCalls(command, this.deps);
  }

  /** The item itself: also its place in the indexes. */
  async gateway(username: string): Promise<(Gateway & Item) | undefined> {
    return (await this.table.get(gatewayKey(username))) as (Gateway & Item) | undefined;
  }

  /** The item itself: also its place in the indexes. Without a trace id it is the only call with this Call-ID. */
  async call(callId: string, traceId?: string): Promise<(Call & Item) | undefined> {
    const exact = await this.table.get(callKey({ callId, traceId }));
    if (exact !== undefined || traceId !== undefined) return exact as (Call & Item) | undefined;
    const { items } = await this.table.query({ index: callsIndex, key: ['callId', callId], limit: 10 });
    const [only, ...others] = items.filter(({ pk }) => String(pk).startsWith(callKeyPrefix));
    if (others.length > 0) throw new Error(`several calls with the Call-ID ${callId}`);
    return only && ((await this.table.get(String(only.pk))) as (Call & Item) | undefined);
  }

  async tombstone(username: string, registrationId = 'reg-1') {
    return this.table.get(tombstoneKey(username, registrationId));
  }
}

// Each member of the union on its own, without what `fact()` fills in.
type FactBody = Fact extends infer F
  ? F extends Fact
    ? Omit<F, 'version' | 'id' | 'at' | 'edgeId'> & { at?: number; edgeId?: string }
    : never
  : never;

export const peer: Peer = { address: '10.0.0.7', port: 5060, protocol: 'tcp' };

export function registerCommand(command: Partial<RegisterGateway> & { username: string }): RegisterGateway {
  return {
    command: 'registerGateway',
    registrationId: 'reg-1',
    cseq: 1,
    contacts: [{ uri: `sip:${command.username}@10.0.0.7:5060`, expiresSec: 60 }],
    received: peer,
    edgeId: 'edge-1',
    ...command,
  };
}

export function allocateCommand(command: Partial<AllocateGateway> & { callId: string }): AllocateGateway {
  return {
    command: 'allocateGateway',
    edgeId: 'edge-1',
    room: '1234',
    caller: { uri: 'sip:room-system@example.org', displayName: 'Room', received: peer },
    attempt: 1,
    failed: [],
    ...command,
  };
}

/** A gateway's username whose task is the n-th. */
export function managed(n: number): string {
  return `${taskId(n)}.mediagw.1`;
}

export function taskId(n: number): string {
  return n.toString(16).padStart(32, '0');
}
