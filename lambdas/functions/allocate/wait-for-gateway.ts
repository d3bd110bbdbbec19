import type { AllocateAnswer, AllocateGateway } from '../../../contracts/commands.ts';
import type { CallIdentity } from '../../../contracts/common.ts';
import { answerFromCall, askingCall, exhausted } from '../../domain/call/allocation.ts';
import type { Call } from '../../domain/call/call.ts';
import { decideWait, isAskStale, trustedPool, waitingCall } from '../../domain/call/waiting.ts';
import { TableContention } from '../../domain/errors.ts';
import type { Pool } from '../../domain/fleet/pool.ts';
import { putCall, renewAsk } from '../../store/call-writes.ts';
import { callOf } from '../../store/items/call-item.ts';
import { poolOf } from '../../store/items/pool-item.ts';
import { callKey, poolKey } from '../../store/keys.ts';
import type { Write } from '../../store/transaction.ts';
import { countAhead } from '../../usecases/waiting-queue.ts';
import { causeOfExhaustion } from './free-gateways.ts';
import { type LockDeps, letGo, withPrevious } from './lock-gateway.ts';

export interface WaitDeps extends LockDeps {
  /** The longest wait for a gateway. */
  waitLimitMs: number;
}

const maxTries = 4;

/**
 * No gateway is free for this call: it waits where the pool may grow, else it is refused. What stands in its record
 * comes first: it may have been given one meanwhile, or the answer to this same attempt may have been lost.
 * @throws TableUnavailable, TableContention
 */
export async function waitForGateway(
  command: AllocateGateway,
  shards: readonly string[],
  deps: WaitDeps,
): Promise<AllocateAnswer> {
  const { table } = deps;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const nowMs = deps.now();
    const { call, pool } = await readCallAndPool(command, deps, nowMs);
    const settled = call && answerFromCall(call, command, nowMs);
    if (settled !== undefined) return settled;
    if (pool === undefined) {
      return exhausted(await causeOfExhaustion(table, shards, command.edgeId, nowMs));
    }
    // A call that waits at a later attempt only now keeps the place it had.
    const ahead = await countAhead(table, call);
    const since = call?.state === 'waiting' ? call.waitingSince : undefined;
    const answer = decideWait(pool, { ahead, since }, nowMs, deps.waitLimitMs);
    if (answer.result === 'refused') return answer;
    if (await noteWait(command, call, nowMs, deps)) return answer;
  }
  throw new TableContention(`call ${command.callId} keeps changing`);
}

async function readCallAndPool(
  identity: CallIdentity,
  { table }: WaitDeps,
  nowMs: number,
): Promise<{ call: Call | undefined; pool: Pool | undefined }> {
  const callPk = callKey(identity);
  const items = await table.getMany([callPk, poolKey]);
  const call = callOf(
    items.find(({ pk }) => pk === callPk),
    nowMs,
  );
  const pool = trustedPool(poolOf(items.find(({ pk }) => pk === poolKey)), nowMs);
  return { call, pool };
}

/**
 * Enters the call into the queue, letting the gateway of its attempt before go; or notes that its edge still asks.
 * @returns false where the call has changed meanwhile
 */
async function noteWait(
  command: AllocateGateway,
  call: Call | undefined,
  nowMs: number,
  deps: WaitDeps,
): Promise<boolean> {
  const { table, freeShards } = deps;
  if (call?.state === 'waiting') {
    return !isAskStale(call, nowMs) || (await table.write(renewAsk(call, nowMs))).done;
  }
  const { previous } = await withPrevious(call, table);
  const waiting = waitingCall(askingCall(call, command, nowMs), nowMs);
  const entered = putCall(waiting, call, nowMs);
  const writes: Write[] = previous ? [entered, letGo(previous, command, freeShards, nowMs)] : [];
  const { done } = await (previous ? table.transact(writes) : table.write(entered));
  return done;
}
