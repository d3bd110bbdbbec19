import type { Gateway } from '../../domain/gateway/gateway.ts';
import { isLive } from '../../domain/time.ts';
import { atMost } from '../../store/conditions.ts';
import { deleteExpired, deleteUnreachable, retire } from '../../store/gateway-writes.ts';
import { gatewayFrom, gatewayOf } from '../../store/items/gateway-item.ts';
import { drainedWatchKey, freeIndex, freeShardNames, gatewayKey } from '../../store/keys.ts';
import { watched } from '../../store/watched.ts';
import { stillHeld } from '../../usecases/fleet-lease.ts';
import type { LeasedRun } from './leased-run.ts';

/** Entries of the `free` index, the longest free first, among which those to drain are chosen. */
const pageSize = 100;
/** A drained gateway that is still there so long after is told to stop again. */
const stopAgainMs = 60_000;
const maxStopped = 50;

/**
 * Drains free gateways of ours, those registered longest first. Each leaves the pool by a write that fails where a
 * call has taken it; only then is its task stopped.
 * @returns how many were drained: fewer where calls were faster
 * @throws TableUnavailable
 */
export async function drainGateways(count: number, run: LeasedRun): Promise<number> {
  const { table, now, warn } = run.deps;
  const candidates = (await oldestFree(run)).sort((a, b) => a.registeredAt - b.registeredAt);
  let drained = 0;
  for (const gateway of candidates) {
    if (drained >= count) break;
    const nowMs = now();
    const written = await table.transact([
      stillHeld(run.holder),
      retire(gateway, nowMs + stopAgainMs, nowMs),
    ]);
    if (!written.done) continue;
    drained += 1;
    run.report.drained += 1;
    try {
      await run.deps.stopTask(gateway.taskId as string, 'drained: more are free than are needed');
    } catch (error) {
      // It is out of the pool, and the next minute stops it again.
      warn('a drained gateway is not stopped yet', { username: gateway.username, error: String(error) });
    }
  }
  return drained;
}

/** Free gateways of ours. What ran out is swept on the way, so that it counts as free no longer. */
async function oldestFree(run: LeasedRun): Promise<Gateway[]> {
  const { table, now, freeShards } = run.deps;
  const nowMs = now();
  const pages = await Promise.all(
    freeShardNames(freeShards).map((shard) =>
      table.query({
        index: freeIndex,
        key: ['freeShard', shard],
        range: atMost('availableAt', nowMs),
        limit: pageSize,
      }),
    ),
  );
  const found: Gateway[] = [];
  for (const { items } of pages) {
    const read = await table.getMany(items.map(({ username }) => gatewayKey(String(username))));
    const gateways = table.readable(read, gatewayFrom);
    const dead = gateways.filter((one) => !isLive(one, nowMs));
    await Promise.all(dead.map((one) => table.write(deleteExpired(one, nowMs))));
    found.push(
      ...gateways.filter((one) => isLive(one, nowMs) && one.state === 'free' && one.taskId !== undefined),
    );
  }
  return found;
}

/**
 * Tells drained gateways again to stop that are still there.
 * @throws TableUnavailable, TaskNotStopped
 */
export async function stopDrainedAgain(run: LeasedRun): Promise<void> {
  const { table, now, stopTask } = run.deps;
  const { items } = await watched(table, drainedWatchKey, maxStopped, atMost('watchAt', now()));
  for (const { pk } of items) {
    const gateway = gatewayOf(await table.get(String(pk)));
    if (gateway?.state !== 'draining' || gateway.taskId === undefined) continue;
    await stopTask(gateway.taskId, 'drained');
    // Its registration is over and its task told: a location that nobody refreshes any more has had its time.
    if (!isLive(gateway, now())) await table.write(deleteUnreachable(gateway));
  }
}
