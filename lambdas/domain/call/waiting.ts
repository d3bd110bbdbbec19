import type { AllocateAnswer } from '../../../contracts/commands.ts';
import type { Pool } from '../fleet/pool.ts';
import { type Call, ownerOf } from './call.ts';

/*
 * The queue of calls for which no gateway is free yet: first come, first served. A call's place is when it began to
 * wait; its edge asks again about once a second, which shows that somebody still waits.
 */

/** A call's last ask is written down again only when it is older than this: a write every few seconds a call. */
const renewAskMs = 4_000;
/**
 * A call that has not asked for so long is passed over, and ended: its edge is gone. Longer than `renewAskMs`, the
 * longest pause between asks, and what a slow command takes (`COMMAND_TIMEOUT_MS`), together.
 */
const silentAfterMs = 12_000;
/** An older `POOL` item says that no fleet runs: the fleet writes the item at each decision, at least once a minute. */
const poolTrustedMs = 180_000;
/** A call that has waited so long keeps its place: the bound of the queue is for those who come. */
const newcomerMs = 5_000;
/** The first few are served next, and ask each second; those behind them less often. */
const nearTheHead = 20;
const askAgainSec = { near: 1, far: 2 };
const retryAfterSec = { full: 5, failing: 60, starting: 10 };

export function isAsking(call: Call, nowMs: number): boolean {
  return call.state === 'waiting' && (call.askedAt ?? 0) > nowMs - silentAfterMs;
}

export function isAskStale(call: Call, nowMs: number): boolean {
  return call.state === 'waiting' && (call.askedAt ?? 0) <= nowMs - renewAskMs;
}

/** Sorts calls as they will be served. */
export function byTurn(one: Call, other: Call): number {
  const since = (one.waitingSince ?? 0) - (other.waitingSince ?? 0);
  const [owner, otherOwner] = [ownerOf(one), ownerOf(other)];
  return since || (owner < otherOwner ? -1 : Number(owner > otherOwner));
}

/** Whether this waiting call may get the gateway: one that failed it before it does not get again. */
export function mayGet(call: Call, username: string): boolean {
  return !call.attempts.some((one) => one.gateway === username);
}

/** The call as it stands once it waits. A later attempt keeps the place that the call had. */
export function waitingCall(asking: Call, nowMs: number): Call {
  const { grant: _grant, gateway: _gateway, registrationId: _id, taskId: _task, ...rest } = asking;
  return {
    ...rest,
    version: asking.version + 1,
    state: 'waiting',
    waitingSince: asking.waitingSince ?? nowMs,
    askedAt: nowMs,
  };
}

/** @returns what the fleet says of the pool; undefined where it says nothing, said it too long ago, or starts none */
export function trustedPool(pool: Pool | undefined, nowMs: number): Pool | undefined {
  const isTrusted = pool !== undefined && pool.maximum > 0 && pool.updatedAt > nowMs - poolTrustedMs;
  return isTrusted ? pool : undefined;
}

export interface Place {
  /** How many calls wait before this one. */
  ahead: number;
  /** When it began to wait; undefined for a call that has just come. */
  since: number | undefined;
}

type Refusal = Extract<AllocateAnswer, { result: 'refused' }>;

/**
 * Whether a call for which no gateway is free waits for one. No more calls wait than there are gateways to come:
 * who could not be served is told at once.
 * @param limitMs the longest wait
 */
export function decideWait(
  pool: Pool,
  { ahead, since }: Place,
  nowMs: number,
  limitMs: number,
): Extract<AllocateAnswer, { result: 'waiting' }> | Refusal {
  const mayStart = pool.mayGrow ? Math.max(0, pool.maximum - pool.managed) : 0;
  const toCome = pool.starting + mayStart;
  const waitedMs = nowMs - (since ?? nowMs);
  const idleCause = pool.managed > 0 ? 'none-free' : 'none-registered';
  const estimateSec = estimateOf(pool, ahead, nowMs);
  if (pool.startsFailing && pool.starting === 0) {
    const retry = { retryAfterSec: retryAfterSec.failing };
    return { result: 'refused', outcome: 'pool-exhausted', cause: 'starts-failing', ...retry };
  }
  const cause = pool.starting > 0 ? 'starting' : idleCause;
  if (waitedMs >= limitMs) {
    const retry = { retryAfterSec: Math.ceil(estimateSec ?? retryAfterSec.starting) || 1 };
    const detail = toCome === 0 ? { detail: fullDetail(pool) } : {};
    return { result: 'refused', outcome: 'start-timeout', cause, ...detail, ...retry };
  }
  if (ahead >= toCome && waitedMs < newcomerMs) {
    const retry = { retryAfterSec: retryAfterSec.full };
    return {
      result: 'refused',
      outcome: 'pool-exhausted',
      cause: idleCause,
      detail: fullDetail(pool),
      ...retry,
    };
  }
  return {
    result: 'waiting',
    cause,
    ahead,
    ...(estimateSec !== undefined && { estimateSec }),
    askAgainSec: ahead < nearTheHead ? askAgainSec.near : askAgainSec.far,
  };
}

function estimateOf({ starting, estimateSec, updatedAt }: Pool, ahead: number, nowMs: number) {
  if (estimateSec === undefined || ahead >= starting) return undefined;
  return Math.max(0, estimateSec - (nowMs - updatedAt) / 1000);
}

function fullDetail({ managed, maximum, mayGrow }: Pool): string {
  if (managed >= maximum) return `the pool is at its maximum of ${maximum}`;
  return mayGrow ? 'as many calls wait as gateways may start' : 'the pool does not grow now';
}
