import type { Done } from '../../../../contracts/api/actions.ts';
import type { Gateway } from '../../../domain/gateway/gateway.ts';
import { hasLapsed } from '../../../domain/gateway/gateway-state.ts';
import { isLive } from '../../../domain/time.ts';
import { endHold, hold, retire } from '../../../store/gateway-writes.ts';
import { gatewayOf } from '../../../store/items/gateway-item.ts';
import { freeShardOf, gatewayKey } from '../../../store/keys.ts';
import { endLapsedLock } from '../../../usecases/lapsed-lock.ts';
import type { Access } from '../access.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { type Deed, enact, recordOf, unchanged } from './act.ts';

/** A drained gateway that is still there so long after is told by the fleet to stop again. */
const stopAgainMs = 60_000;

/** @throws TableUnavailable, ApiProblem not-found */
async function read(username: string, { table, now }: ApiDeps): Promise<Gateway> {
  const gateway = gatewayOf(await table.get(gatewayKey(username)));
  if (gateway !== undefined && isLive(gateway, now())) return gateway;
  throw new ApiProblem('not-found', { code: 'no-such-gateway' });
}

/** The gateway as a call would find it: free where its lock is over and nobody can have it. @throws as `read` */
async function registered(username: string, deps: ApiDeps): Promise<Gateway> {
  const seen = await read(username, deps);
  return (await endLapsedLock(seen, deps)) ? read(username, deps) : seen;
}

const notFree = ({ state }: Gateway, advice: string) =>
  new ApiProblem('conflict', { code: 'not-free', detail: `it is ${state}: ${advice}` });

/** @throws TableUnavailable, ApiProblem not-found, conflict */
async function ours(username: string, deps: ApiDeps): Promise<Gateway & { taskId: string }> {
  const gateway = await registered(username, deps);
  const { taskId } = gateway;
  if (taskId !== undefined) return { ...gateway, taskId };
  throw new ApiProblem('conflict', { code: 'not-ours' });
}

/**
 * Takes a free gateway, or one that is held, out of the pool and stops its task; one in a call leaves after it anyhow where gateways are
 * single-use.
 * @throws TableUnavailable, TaskNotStopped, ApiProblem
 */
export async function drainGateway(
  username: string,
  reason: string,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const { now, settings, stopTask } = deps;
  const gateway = await ours(username, deps);
  const nowMs = now();
  if (gateway.state === 'draining') return unchanged('leaving');
  if (gateway.state !== 'free' && gateway.state !== 'held') {
    if (settings.afterCall === 'stop' && !hasLapsed(gateway, nowMs)) return unchanged('leaves-after-call');
    throw notFree(gateway, 'drain it once it is free, or stop it');
  }
  const deed: Deed = { action: 'drain-gateway', subject: username, reason };
  const stop = () => stopTask(gateway.taskId, `drained by ${access.who}`);
  if (!(await enact(retire(gateway, nowMs + stopAgainMs, nowMs), deed, access, deps, stop)))
    throw new ApiProblem('conflict', { code: 'taken' });
  return { effect: 'it gets no call any more, and its task is told to stop', changed: true };
}

/** @throws TableUnavailable, TaskNotStopped, ApiProblem */
export async function stopGateway(
  username: string,
  reason: string,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const { table, stopTask, tell } = deps;
  const gateway = await ours(username, deps);
  const deed: Deed = { action: 'stop-gateway', subject: username, reason };
  const { fact, write } = recordOf(deed, access, deps);
  // What is told is what was done: the task first. To stop it twice is fine.
  await stopTask(gateway.taskId, `stopped by ${access.who}`);
  await table.transact([write]);
  await tell(fact);
  const inCall = gateway.lockedBy !== undefined && !hasLapsed(gateway, deps.now());
  return {
    effect: `its task is told to stop${inCall ? ', and its call ends with it' : ''}`,
    changed: true,
  };
}

/**
 * Keeps a free gateway out of the pool, to look at it: it stays registered, no call gets it, and the fleet leaves it.
 * @throws TableUnavailable, NotTold, ApiProblem not-found, conflict
 */
export async function holdGateway(
  username: string,
  reason: string,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const { now } = deps;
  const gateway = await registered(username, deps);
  if (gateway.state === 'held') return unchanged('held');
  if (gateway.state !== 'free') throw notFree(gateway, 'hold it once it is free');
  const deed: Deed = { action: 'hold-gateway', subject: username, reason };
  if (!(await enact(hold(gateway, now()), deed, access, deps)))
    throw new ApiProblem('conflict', { code: 'taken' });
  return { effect: 'no call gets it until it is released; it stays registered, and runs on', changed: true };
}

/**
 * Gives a gateway that was held back to the pool: a call that waits finds it by its next ask.
 * @throws TableUnavailable, NotTold, ApiProblem not-found, conflict
 */
export async function releaseGateway(
  username: string,
  reason: string,
  access: Access,
  deps: ApiDeps,
): Promise<Done> {
  const { now, freeShards } = deps;
  const gateway = await registered(username, deps);
  if (gateway.state !== 'held') return unchanged('not-held');
  const deed: Deed = { action: 'release-gateway', subject: username, reason };
  if (!(await enact(endHold(gateway, freeShardOf(username, freeShards), now()), deed, access, deps)))
    throw new ApiProblem('conflict', { code: 'has-changed' });
  return { effect: 'it is free', changed: true };
}
