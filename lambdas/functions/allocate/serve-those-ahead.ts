import type { CallIdentity } from '../../../contracts/common.ts';
import { type Call, ownerOf } from '../../domain/call/call.ts';
import { byTurn } from '../../domain/call/waiting.ts';
import type { Candidate } from '../../domain/gateway/gateway.ts';
import { lock } from '../../store/gateway-writes.ts';
import { gatewayOf } from '../../store/items/gateway-item.ts';
import { freeShardOf } from '../../store/keys.ts';
import { isRefused } from '../../store/transaction.ts';
import { endLapsedLock } from '../../usecases/lapsed-lock.ts';
import { headsOfQueue, matchNext } from '../../usecases/waiting-queue.ts';
import type { LockDeps } from './lock-gateway.ts';

export interface Served {
  /** The candidates that nobody before the call may still want. */
  left: Candidate[];
  /** Nobody waits before the call. */
  isOurTurn: boolean;
  /** Calls met whose edge does not ask any more. */
  silent: Call[];
}

/**
 * Gives free gateways to the calls that wait before this one, in their order: whoever sees a gateway that is not its
 * own to take hands it on, and does not leave it for somebody faster. Those calls are answered at their next ask.
 * @param asking the call that asks, which may be waiting itself
 * @param candidates a few
 */
export async function serveThoseAhead(
  asking: CallIdentity,
  candidates: readonly Candidate[],
  deps: LockDeps,
): Promise<Served> {
  const { table, leaseMs, freeShards } = deps;
  const nowMs = deps.now();
  const heads = await headsOfQueue(table, nowMs);
  // However long ago it asked: it asks now.
  const own = [...heads.waiting, ...heads.silent].find((call) => ownerOf(call) === ownerOf(asking));
  const silent = heads.silent.filter((call) => call !== own);
  let ahead = own ? heads.waiting.filter((call) => byTurn(call, own) < 0) : heads.waiting;
  // Behind those read there may be more; the call itself, once read, has nobody before it but those.
  const isAllRead = own !== undefined || !heads.more;
  if (ahead.length === 0 && isAllRead) {
    return { left: [...candidates], isOurTurn: true, silent };
  }

  const left: Candidate[] = [];
  for (const candidate of candidates) {
    let isGone = false;
    while (!isGone) {
      const match = matchNext(ahead, candidate, nowMs, leaseMs);
      if (match === undefined) {
        if (isAllRead) left.push(candidate);
        break;
      }
      const freeShard = freeShardOf(candidate.username, freeShards);
      const half = lock(candidate, match.call, freeShard, match.lockedUntil, nowMs);
      const written = await table.transact([half, match.write]);
      const [ofGateway, ofCall] = written.done ? [] : written.failures;
      // Served now, by us or by another, or gone; where only the gateway was in the way the call is still next.
      if (written.done || isRefused(ofCall)) ahead = ahead.filter((call) => call !== match.call);
      if (isRefused(ofGateway) && (await endLapsedLock(gatewayOf(ofGateway.seen), deps))) continue;
      // A conflict is somebody else at work on the same.
      isGone = written.done || isRefused(ofGateway) || !isRefused(ofCall);
    }
  }
  return { left, isOurTurn: false, silent };
}
