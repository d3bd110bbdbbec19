import type { CallIdentity } from '../../contracts/common.ts';
import { type Call, ownerOf } from '../domain/call/call.ts';
import { isSameRecord } from '../domain/call/call-record.ts';
import type { Transition } from '../domain/call/call-state.ts';
import { aboutCall, callMeasurements } from '../domain/call/measurements.ts';
import { TableContention } from '../domain/errors.ts';
import type { Gateway } from '../domain/gateway/gateway.ts';
import { type AfterCall, decideGateway, type GatewayDecision } from '../domain/gateway/gateway-effect.ts';
import type { Measure, StopTask } from '../domain/ports.ts';
import { type Clock, isLive } from '../domain/time.ts';
import type { Item } from '../store/attributes.ts';
import { putCall, putHangup } from '../store/call-writes.ts';
import {
  deleteOwned,
  drain,
  handOn,
  makeBusy,
  putTombstone,
  release,
  silence,
} from '../store/gateway-writes.ts';
import { callOf } from '../store/items/call-item.ts';
import { gatewayOf } from '../store/items/gateway-item.ts';
import { callKey, freeShardOf, gatewayKey } from '../store/keys.ts';
import type { Table } from '../store/table.ts';
import { isRefused, type Write } from '../store/transaction.ts';
import { headsOfQueue, matchNext } from './waiting-queue.ts';

export interface SettleDeps {
  table: Table;
  now: Clock;
  pause: (ms: number) => Promise<void>;
  stopTask: StopTask;
  measure: Measure;
  afterCall: AfterCall;
  freeShards: number;
  /** How long a gateway is locked for a waiting call that gets it. */
  leaseMs: number;
  /** How long a gateway whose edge is gone may take to end its call and un-REGISTER by itself. */
  graceMs: number;
}

export interface SettleOptions {
  /** The gateway that the fact names, if any. */
  told?: string;
  /** Where it does not hold, the step is not taken. */
  guard?: Extract<Write, { check: string }> | undefined;
  /** Items read a moment ago, those of the call and of `told` among them where there are any: the first try need not read. */
  read?: readonly Item[];
}

const maxTries = 8;
/** Others may keep taking the call that is next: then the gateway goes back to the pool, where its next ask finds it. */
const matchTries = 4;
const pauseMs = 15;

/**
 * Takes one step of a call: reads the call and its gateway, decides, and writes both on condition that neither
 * changed, until that holds; then stops the gateway's task where the step ends it. A step taken before writes
 * nothing again. A gateway that becomes free is given to the call that has waited longest, if any.
 * @param decide gives the step from the call's record; undefined where there is nothing to do
 * @returns the call as it stands after the step; undefined where it was not taken
 * @throws TableUnavailable, TableContention, TaskNotStopped
 */
export async function settleCall(
  identity: CallIdentity,
  decide: (seen: Call | undefined) => Transition | undefined,
  deps: SettleDeps,
  { told, guard, read }: SettleOptions = {},
): Promise<Call | undefined> {
  const { table, afterCall } = deps;
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const nowMs = deps.now();
    const known = tries === 1 ? read : undefined;
    const { seen, gateways } = await readCallAndGateways(identity, told, known, table, nowMs);
    const step = decide(seen);
    if (step === undefined) return undefined;
    const concerned = gateways.filter((one) => (step.gateway ?? one.username) === one.username);
    const gateway = concerned.find((one) => one.lockedBy === ownerOf(identity)) ?? concerned[0];
    const decision = decideGateway(step, gateway, afterCall, nowMs);
    // The gateway went on without the call.
    if (step.effect === 'resume' && decision.write === 'none') return undefined;
    const stopTaskId = decision.stopTaskId ?? seen?.stopTaskId;
    const call: Call = stopTaskId === undefined ? step.call : { ...step.call, stopTaskId };

    const put = isSameRecord(call, seen) ? undefined : putCall(call, seen, nowMs);
    const writes: Write[] = put === undefined ? [] : [put];
    if (gateway !== undefined)
      writes.push(...(await gatewayWrites(decision, gateway, identity, deps, nowMs, tries <= matchTries)));
    const username = gateway?.username ?? call.gateway;
    const isNew = writes.length > 0;
    if (isNew && decision.tombstone !== undefined && username !== undefined) {
      writes.push(putTombstone(username, decision.tombstone, nowMs));
    }
    if (isNew && step.hangup && username !== undefined) writes.push(putHangup(call, username, nowMs));
    if (isNew) {
      const written = await commit(table, guard === undefined ? writes : [...writes, guard]);
      if (!written.done) {
        if (guard !== undefined && isRefused(written.failures?.at(-1))) return undefined;
        await deps.pause(pauseMs * tries);
        continue;
      }
    }
    // Only what was written counts: a fact that comes twice changes nothing the second time.
    if (isNew) deps.measure(callMeasurements(seen, call), aboutCall(call));
    if (stopTaskId !== undefined && (step.effect === 'after-call' || step.effect === 'lost')) {
      await deps.stopTask(stopTaskId, `call ${identity.callId} is over`);
    }
    return put === undefined ? call : { ...call, version: Number(put.put.version) };
  }
  throw new TableContention(`call ${identity.callId} keeps changing`);
}

/** A write on its own costs half of what it costs in a transaction. */
async function commit(table: Table, writes: readonly Write[]) {
  const [only, ...others] = writes;
  if (only === undefined || others.length > 0 || 'check' in only) return table.transact(writes);
  const { done } = await table.write(only);
  return { done, failures: undefined };
}

/** The call, and the gateways it may own: the one of its record first, then the one that the fact names. */
async function readCallAndGateways(
  identity: CallIdentity,
  told: string | undefined,
  known: readonly Item[] | undefined,
  table: Table,
  nowMs: number,
) {
  const callPk = callKey(identity);
  const toldPk = told === undefined ? undefined : gatewayKey(told);
  // One request for both: they are written on condition that neither changed, so they need not be of one moment.
  const items = known ?? (await table.getMany(toldPk === undefined ? [callPk] : [callPk, toldPk]));
  const item = items.find(({ pk }) => pk === callPk);
  const toldGateway = gatewayOf(items.find(({ pk }) => pk === toldPk));
  const seen = callOf(item, nowMs);
  const recorded = seen?.gateway;
  const own =
    recorded === undefined || recorded === told
      ? undefined
      : gatewayOf(await table.get(gatewayKey(recorded)));
  return { seen, gateways: [own, toldGateway].filter((one) => one !== undefined) };
}

async function gatewayWrites(
  decision: GatewayDecision,
  gateway: Gateway,
  owner: CallIdentity,
  deps: SettleDeps,
  nowMs: number,
  mayMatch: boolean,
): Promise<Write[]> {
  switch (decision.write) {
    case 'none':
      return [];
    case 'busy':
      return [makeBusy(gateway, owner)];
    case 'free':
      return freed(gateway, owner, deps, nowMs, mayMatch);
    case 'silent':
      return [silence(gateway, owner, nowMs)];
    case 'draining':
      return [drain(gateway, owner, nowMs + deps.graceMs)];
    case 'delete':
      return [deleteOwned(gateway, owner)];
  }
}

/** A gateway that its call lets go: to the next that waits, or back to the pool. */
async function freed(
  gateway: Gateway,
  owner: CallIdentity,
  deps: SettleDeps,
  nowMs: number,
  mayMatch: boolean,
): Promise<Write[]> {
  const freeShard = freeShardOf(gateway.username, deps.freeShards);
  const heads = mayMatch && isLive(gateway, nowMs) ? await headsOfQueue(deps.table, nowMs) : undefined;
  const match = matchNext(heads?.waiting ?? [], gateway, nowMs, deps.leaseMs);
  if (match === undefined) return [release(gateway, owner, freeShard, nowMs)];
  return [handOn(gateway, owner, match.call, freeShard, match.lockedUntil), match.write];
}
