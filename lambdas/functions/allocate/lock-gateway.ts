import type { AllocateAnswer, AllocateGateway } from '../../../contracts/commands.ts';
import { answerFromCall, askingCall, failureOf, granted, offeredCall } from '../../domain/call/allocation.ts';
import { type Call, ownerOf } from '../../domain/call/call.ts';
import type { Candidate, Gateway } from '../../domain/gateway/gateway.ts';
import type { Measure } from '../../domain/ports.ts';
import type { Clock } from '../../domain/time.ts';
import { putCall } from '../../store/call-writes.ts';
import { lock, release, silence } from '../../store/gateway-writes.ts';
import { callOf } from '../../store/items/call-item.ts';
import { gatewayOf } from '../../store/items/gateway-item.ts';
import { callKey, freeShardOf, gatewayKey } from '../../store/keys.ts';
import type { Table } from '../../store/table.ts';
import { isRefused, type Write } from '../../store/transaction.ts';

export interface LockDeps {
  table: Table;
  now: Clock;
  leaseMs: number;
  freeShards: number;
  measure: Measure;
}

/** The call's side of an allocation, as read so far. */
export interface CallSide {
  /** The call's record: none at the first attempt. */
  call: Call | undefined;
  /** The gateway of the attempt before, if it is still locked for this call. */
  previous: Gateway | undefined;
}

export type LockResult =
  | { result: 'answer'; answer: AllocateAnswer }
  /** The candidate is not free after all; its item as it is (none: it is gone). */
  | { result: 'taken'; gateway: Gateway | undefined }
  /** The call's side changed: try again with it as it is now. */
  | { result: 'call-changed'; side: CallSide }
  /** Another transaction was on the same items at the same moment. */
  | { result: 'conflict' };

/** Reads what a later attempt builds on. The first attempt has nothing to read. */
export async function readCallSide(command: AllocateGateway, { table, now }: LockDeps): Promise<CallSide> {
  const item = await table.get(callKey(command));
  return withPrevious(callOf(item, now()), table);
}

/** Adds the gateway of the attempt before. */
export async function withPrevious(call: Call | undefined, table: Table): Promise<CallSide> {
  if (call?.state !== 'offered' || call.gateway === undefined) return { call, previous: undefined };
  const previous = gatewayOf(await table.get(gatewayKey(call.gateway)));
  return { call, previous: previous?.lockedBy === ownerOf(call) ? previous : undefined };
}

/**
 * Locks one candidate for the call, notes it in the call's record, and lets the gateway of the attempt before go:
 * all of it or nothing, in one transaction.
 */
export async function lockGateway(
  candidate: Candidate,
  command: AllocateGateway,
  side: CallSide,
  deps: LockDeps,
): Promise<LockResult> {
  const { table, leaseMs, freeShards } = deps;
  const nowMs = deps.now();
  const { call: seen, previous } = side;
  const call = offeredCall(askingCall(seen, command, nowMs), candidate, nowMs, leaseMs);
  const writes: Write[] = [
    lock(candidate, command, freeShardOf(candidate.username, freeShards), nowMs + leaseMs, nowMs),
    putCall(call, seen, nowMs),
  ];
  if (previous !== undefined) writes.push(letGo(previous, command, freeShards, nowMs));

  const written = await table.transact(writes);
  if (written.done) return { result: 'answer', answer: granted(call) };

  const [ofGateway, ofCall, ofPrevious] = written.failures;
  if (isRefused(ofCall)) {
    const existing = callOf(ofCall.seen, nowMs);
    const answer = existing && answerFromCall(existing, command, nowMs);
    if (answer !== undefined) return { result: 'answer', answer };
    return { result: 'call-changed', side: await withPrevious(existing, table) };
  }
  // It is not ours to release any more (its lease is over, or it left): that must not stop the new lock.
  if (isRefused(ofPrevious)) return { result: 'call-changed', side: { call: seen, previous: undefined } };
  if (isRefused(ofGateway)) return { result: 'taken', gateway: gatewayOf(ofGateway.seen) };
  return { result: 'conflict' };
}

export function letGo(previous: Gateway, command: AllocateGateway, freeShards: number, nowMs: number): Write {
  return failureOf(previous.username, command.failed) === 'silent'
    ? silence(previous, command, nowMs)
    : release(previous, command, freeShardOf(previous.username, freeShards), nowMs);
}
