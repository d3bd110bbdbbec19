import { foreseenWith } from '../../domain/demand/foreseen.ts';
import { LeaseLost } from '../../domain/errors.ts';
import { isOpen, retryAt } from '../../domain/fleet/breaker.ts';
import { decide } from '../../domain/fleet/decide.ts';
import { type DecisionRecord, stillQuiet } from '../../domain/fleet/decision-record.ts';
import { stateOf } from '../../domain/fleet/fleet-pool.ts';
import { maximumOf, standing } from '../../domain/fleet/orders.ts';
import type { FleetDecision, PoolOrders } from '../../domain/fleet/types.ts';
import { decisionItem } from '../../store/items/decision-item.ts';
import { ordersOf } from '../../store/items/orders-item.ts';
import { ordersKey } from '../../store/keys.ts';
import { releaseLease, renewLease, takeLease } from '../../usecases/fleet-lease.ts';
import { type Census, countPool } from './count-pool.ts';
import { type FleetDeps, fleetLeaseMs } from './deps.ts';
import { drainGateways, stopDrainedAgain } from './drain.ts';
import { LeasedRun } from './leased-run.ts';
import { reconcile, reconcileEveryMs } from './reconcile.ts';
import { collectEnded, settleStarts } from './settle-starts.ts';
import { startGateways } from './start.ts';

/** What woke the function, for the record: the type of a fact, the state of a task, or the clock. */
export interface Trigger {
  name: string;
  /** Each minute also what nobody tells of is looked for. */
  tick: boolean;
}

/** `left-to-another`: another run is on, and looks again before it ends. */
export type FleetReport =
  | { result: 'left-to-another' }
  | ({
      result: 'decided';
      looks: number;
      rule: string;
      action: string;
      managed: number;
      starting: number;
      free: number;
      waiting: number;
      startsFailing: boolean;
    } & LeasedRun['report']);

/**
 * Between two looks, whoever takes them, there is so much time at least: what happens meanwhile costs one look together,
 * so that a busy pool is looked at four times a second and not several times a call. What comes after a quiet time is
 * looked at at once.
 */
const lookEveryMs = 250;
/** One run looks so often while things go on happening; then the next event or minute goes on. */
const maxLooks = 20;
const maxRunMs = 8000;

/**
 * Brings the pool to what its policy wants. Never two at once: a run that finds another on leaves word, and that one
 * looks again.
 * @throws TableUnavailable, TableContention, TaskNotStopped
 */
export async function decideAndAct(trigger: Trigger, deps: FleetDeps): Promise<FleetReport> {
  const { table, now, pause } = deps;
  const holder = deps.newId();
  const startedAt = now();
  const pool = await takeRested(holder, deps);
  if (pool === undefined) return { result: 'left-to-another' };
  const run = new LeasedRun(holder, stateOf(pool, deps.policy.maxGateways), deps);
  try {
    for (let looks = 1; ; looks += 1) {
      const { decision, census } = await look(run, trigger, looks === 1 && trigger.tick);
      const last = looks === maxLooks || now() - startedAt > maxRunMs;
      const released = await releaseLease(table, holder, run.state, now(), last);
      if (released === 'dirty') {
        await pause(lookEveryMs);
        if ((await renewLease(table, holder, fleetLeaseMs, now())) !== undefined) continue;
      }
      return {
        result: 'decided',
        looks,
        action: decision.action,
        rule: decision.reason.rule,
        managed: run.state.managed,
        starting: run.state.starts.length,
        free: census.counts.free,
        waiting: census.waiting,
        startsFailing: run.state.startsFailing,
        ...run.report,
      };
    }
  } catch (error) {
    if (error instanceof LeaseLost) return { result: 'left-to-another' };
    // What it has done so far holds; the next run need not wait for the lease to end.
    await releaseLease(table, holder, run.state, now(), true).catch(() => undefined);
    throw error;
  }
}

/** Takes the lease, and where the last look was a moment ago waits for what comes with it. */
async function takeRested(holder: string, { table, now, pause }: FleetDeps) {
  const pool = await takeLease(table, holder, fleetLeaseMs, now);
  const restMs = (pool?.updatedAt ?? 0) + lookEveryMs - now();
  if (pool === undefined || restMs <= 0) return pool;
  await pause(Math.min(restMs, lookEveryMs));
  // All that was marked until now is seen by the look that follows.
  return renewLease(table, holder, fleetLeaseMs, now());
}

async function look(run: LeasedRun, trigger: Trigger, tick: boolean) {
  const { deps } = run;
  await collectEnded(run);
  const { justFree } = await settleStarts(run);
  if (tick) {
    await stopDrainedAgain(run);
    if (deps.now() - (run.state.reconciledAt ?? 0) >= reconcileEveryMs) await reconcile(run);
  }
  const orders = standing(ordersOf(await deps.table.get(ordersKey)).orders, deps.now());
  const { decision, census } = await decideOn(run, justFree, orders);
  await act(decision, census, run, trigger);
  publish(run, decision, orders);
  return { decision, census };
}

/** Free gateways that are counted beyond those last found superfluous: enough to see a surplus grow. */
const freeMargin = 50;
const maxFreeCounted = 16_000;

/** Decides; where more are free than were counted and some would be started, counts on. */
async function decideOn(run: LeasedRun, justFree: readonly string[], orders: PoolOrders) {
  const { deps, state } = run;
  const known = await deps.knownDemand.read(deps);
  let limit = Math.min(maxFreeCounted, (state.keep ?? 0) + freeMargin);
  for (;;) {
    const census = await countPool(state.managed, state.starts.length, limit, justFree, deps);
    const decision = decide({
      nowMs: deps.now(),
      policy: deps.policy,
      counts: census.counts,
      waiting: census.waiting,
      recentStarts: state.recentStarts,
      memory: state.memory,
      orders,
      startMs: run.expectedStartMs,
      ...known,
    });
    if (!census.saturated || decision.action !== 'start' || limit >= maxFreeCounted) {
      return { decision, census };
    }
    limit *= 4;
  }
}

async function act(decision: FleetDecision, census: Census, run: LeasedRun, trigger: Trigger): Promise<void> {
  const { deps } = run;
  const { reason, memory } = decision;
  const at = deps.now();
  const { managed, recentStarts, quiet } = run.state;
  run.state = { ...run.state, memory, keep: reason.keep, wanted: reason.level };
  const callId = census.waiting > 0 ? census.firstWaiting : undefined;
  let done = 0;
  if (decision.action === 'start') done = await startGateways(decision.count, reason.rule, callId, run);
  if (decision.action === 'drain') done = await drainGateways(decision.count, run);
  if (done === 0 || decision.action === 'none') {
    run.state = { ...run.state, quiet: stillQuiet(quiet, reason.rule, at) };
    return;
  }
  const record: DecisionRecord = {
    at,
    action: decision.action,
    count: decision.count,
    done,
    reason,
    ...(decision.warning && { warning: decision.warning }),
    trigger: trigger.name,
    counts: census.counts,
    managed,
    waiting: census.waiting,
    ...(callId !== undefined && { callId }),
    recentStarts,
    ...(quiet && { quiet }),
  };
  await deps.table.write({ put: decisionItem(record, run.holder) });
  const { quiet: _told, ...rest } = run.state;
  run.state = rest;
}

/** What others read of the pool: calls whether it can grow, and when; the plots of a day what was foreseen. */
function publish(run: LeasedRun, decision: FleetDecision, orders: PoolOrders): void {
  const { deps, state } = run;
  const { policy } = deps;
  const nowMs = deps.now();
  const { figures } = decision.reason;
  const maxGw = figures.policy === 'timeline' ? figures.maxGw : undefined;
  const byPolicy = Math.min(policy.maxGateways, Math.floor(maxGw ?? policy.maxGateways));
  const maximum = maximumOf(orders, byPolicy);
  const failing = isOpen(state.recentStarts, policy.breaker);
  const starting = state.starts.length;
  const blocked = failing && (starting > 0 || nowMs < retryAt(state.recentStarts, policy.breaker));
  const { estimateSec: _old, foreseen = [], ...rest } = state;
  run.state = {
    ...rest,
    starting,
    maximum,
    startsFailing: failing,
    ...(figures.policy === 'predictive' && { foreseen: foreseenWith(foreseen, figures.nextMinute) }),
    mayGrow: !blocked && orders.paused === undefined && state.managed < maximum,
    ...(run.oldestStartAt !== undefined && {
      estimateSec: Math.max(1, Math.ceil((run.oldestStartAt + run.expectedStartMs - nowMs) / 1000)),
    }),
  };
}
