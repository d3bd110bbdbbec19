import { isDeepStrictEqual } from 'node:util';
import type { MetricName } from '../../contracts/metrics.ts';
import type { Outcome } from '../../contracts/outcomes.ts';
import { identityOf } from '../../lambdas/domain/call/call.ts';
import { isGuessedOver } from '../../lambdas/domain/call/call-record.ts';
import { callRecordOf } from '../../lambdas/domain/call/detail-record.ts';
import { callFrom } from '../../lambdas/store/items/call-item.ts';
import { gatewayFrom } from '../../lambdas/store/items/gateway-item.ts';
import { taskFrom } from '../../lambdas/store/items/task-item.ts';
import {
  callKey,
  callKeyPrefix,
  gatewayKeyPrefix,
  poolKey,
  taskKeyPrefix,
} from '../../lambdas/store/keys.ts';
import { maxGateways, minFree } from './aws/cloud.ts';
import type { Day } from './day.ts';
import type { Gateway } from './parties/gateway.ts';
import type { TrueCall } from './parties/true-call.ts';

/** A 200 takes so long at most to its caller. */
const packetMs = 1500;
/** A gateway that rings for a caller who gave up hears of it in so long, where nothing else went wrong. */
const cancelledWithinMs = 10_000;
/** As `LeftSetups` may take for the answers of what another application began. */
const troubleLastsMs = 40_000;
/** A side that is gone without a BYE: eight probes of 20 s and 4 s each, and the other side is told. */
const aloneWithinMs = 300_000;

/** An edge asks each two seconds, and what it asks may fail some times in a row; a packet is late. */
const hungUpWithinMs = 45_000;
/** ECS tells of a task that has stopped, and where that fails, once more. */
const stopTakenInMs = 60_000;

/** What must hold at any moment. */
export function checkMoment(day: Day): void {
  checkLocks(day);
  checkTasks(day);
  checkCallers(day);
  for (const gateway of day.gateways.values()) {
    const call = day.callers.find(gateway.inCall?.callerLeg ?? '');
    if (call !== undefined && !call.isBroken) checkHeard(day, gateway, call);
  }
}

/** Each side hears in time that the other is gone. */
function checkHeard(
  day: Day,
  { taskId, inCall }: Gateway,
  { callId, cancelledAt, endedAt, ...call }: TrueCall,
) {
  const name = taskId.slice(0, 6);
  const now = day.sim.nowMs;
  const troubledAt = day.edgeOf(call)?.troubledAt ?? 0;
  if (inCall?.answeredAt === undefined || call.answeredAt === undefined) {
    const last = Math.max(cancelledAt ?? now, inCall?.answeredAt ?? 0) + cancelledWithinMs;
    const verb = inCall?.answeredAt === undefined ? 'rings for' : 'has answered';
    if (now > Math.max(last, troubledAt + troubleLastsMs))
      day.breaks(`${name} ${verb} ${callId}, whose caller has given up`);
  } else if (endedAt !== undefined && now > Math.max(endedAt, inCall.answeredAt) + aloneWithinMs)
    day.breaks(`${name} goes on in ${callId}, whose caller is gone`);
}

/** No caller goes on whom an operator hangs up, or whose gateway is gone. */
function checkCallers(day: Day): void {
  const now = day.sim.nowMs;
  for (const call of day.callers.calls) {
    const { callId, hangUpAskedAt = now, leftAt = now, answeredAt, endedAt, isBroken } = call;
    if (answeredAt === undefined || endedAt !== undefined || isBroken) continue;
    const { troubledAt = 0, isCutOff } = day.edgeOf(call) ?? {};
    if (!isCutOff && now > Math.max(hangUpAskedAt, troubledAt) + hungUpWithinMs)
      day.breaks(`${callId} goes on, which an operator has hung up`);
    if (now > Math.max(leftAt, answeredAt, troubledAt) + aloneWithinMs)
      day.breaks(`${callId} goes on, whose gateway is gone`);
  }
}

/** What runs is counted from before it starts; and where nothing delays its word, one that has stopped is known to. */
function checkTasks(day: Day): void {
  const { ecs, table } = day.cloud;
  const running = ecs.running().length;
  const managed = Number(table.items.get(poolKey)?.managed ?? 0);
  if (running > managed) day.breaks(`${running} tasks run, of which the pool counts ${managed}`);
  const { tableFails, functionDies, tableSlow, busMs } = day.weather;
  if (tableFails + functionDies + tableSlow > 0) return;
  for (const [pk, item] of table.items) {
    if (!pk.startsWith(taskKeyPrefix)) continue;
    const { startId, state, taskId = '' } = taskFrom(item);
    const { stoppedAt = day.sim.nowMs } = ecs.tasks.get(taskId) ?? {};
    if (state !== 'stopped' && day.sim.nowMs > stoppedAt + busMs + stopTakenInMs)
      day.breaks(`start ${startId} is ${state}, and its task has stopped`);
  }
}

/** A call and its gateway are written together. */
function checkLocks(day: Day): void {
  const { items } = day.cloud.table;
  for (const [pk, item] of items) {
    if (!pk.startsWith(gatewayKeyPrefix)) continue;
    const { username, state, lockedBy } = gatewayFrom(item);
    if (state !== 'locked' || lockedBy === undefined) continue;
    const record = items.get(callKey(identityOf(lockedBy)));
    if (record !== undefined && callFrom(record).state === 'answered')
      day.breaks(`${username.slice(0, 6)} is only locked for ${lockedBy}, which is answered`);
  }
}

/** What must hold at the end of a day, a while after the last trouble. */
export function checkEnd(day: Day): void {
  checkPool(day);
  checkCalls(day);
  checkEdges(day);
  checkRecords(day);
  checkMetrics(day);
}

function checkPool(day: Day): void {
  const { cloud } = day;
  for (const [pk, item] of cloud.table.items) {
    if (!pk.startsWith(gatewayKeyPrefix)) continue;
    const { username, state, lockedBy } = gatewayFrom(item);
    if (lockedBy !== undefined) day.breaks(`${username.slice(0, 6)} is ${state} for ${lockedBy} at the end`);
  }
  const running = cloud.ecs.running().length;
  if (running !== minFree) day.breaks(`${running} tasks run at the end, and not ${minFree}`);
  const managed = cloud.table.items.get(poolKey)?.managed;
  if (managed !== running) day.breaks(`the pool counts ${String(managed)} of ${running} gateways`);
  if (cloud.ecs.atMost > maxGateways)
    day.breaks(`${cloud.ecs.atMost} tasks ran at once, of at most ${maxGateways}`);
}

function checkCalls(day: Day): void {
  for (const [pk, item] of day.cloud.table.items) {
    if (!pk.startsWith(callKeyPrefix)) continue;
    const { callId, state } = callFrom(item);
    if (state !== 'ended') day.breaks(`${callId} is ${state} at the end`);
  }
  for (const call of day.callers.calls) checkCall(day, call);
}

/** What its caller saw is in the record. */
function checkCall(day: Day, { callId, answeredAt, endedAt, refused, isBroken, ...call }: TrueCall): void {
  const { traceId } = call;
  if (endedAt === undefined) day.breaks(`${callId} goes on at the end`);
  if (endedAt === undefined || isBroken || traceId === undefined) return;
  const item = day.cloud.table.items.get(callKey({ callId, traceId }));
  const record = item && callFrom(item);
  if (refused !== undefined && record?.outcome === 'answered')
    day.breaks(`${callId} was refused by ${refused}, and is recorded as answered`);
  if (answeredAt === undefined) {
    const isLost = record?.outcome === 'edge-lost' && !call.isTroubled;
    if (isLost) day.breaks(`${callId} came to nothing, and is recorded as edge-lost`);
    return;
  }
  const toldMs = answeredAt - (record?.answeredAt ?? 0);
  if (record === undefined) day.breaks(`${callId} was answered, and has no record`);
  else if (toldMs < 0 || toldMs > packetMs)
    day.breaks(`${callId} was answered, and its record says otherwise`);
  else if (record.outcome === 'edge-lost' && !day.edgeOf(call)?.wasLost(answeredAt, endedAt))
    day.breaks(`${callId} was answered and ended, and is recorded as edge-lost`);
}

/** Nothing of any call is left. */
function checkEdges(day: Day): void {
  for (const { edgeId, isAlive, activeCalls, keptCalls } of day.edges) {
    if (!isAlive) continue;
    if (activeCalls > 0) day.breaks(`${edgeId} has ${activeCalls} calls at the end`);
    if (keptCalls > 0) day.breaks(`${edgeId} has ${keptCalls} calls on disk at the end`);
  }
  for (const { taskId, inCall } of day.gateways.values())
    if (inCall) day.breaks(`${taskId.slice(0, 6)} is in a call at the end`);
}

/** Of each call that is over others know what the table has, whoever ended it and whatever came in between. */
function checkRecords(day: Day): void {
  const { table, records } = day.cloud;
  for (const [pk, item] of table.items) {
    if (!pk.startsWith(callKeyPrefix)) continue;
    const call = callFrom(item);
    const wanted = callRecordOf(call);
    const told = wanted && records.get(wanted.id);
    if (wanted === undefined) continue;
    if (told === undefined) day.breaks(`${call.callId} is over, and nobody was told its record`);
    else if (!isDeepStrictEqual({ ...told, revision: 0 }, { ...wanted, revision: 0 }))
      day.breaks(`${call.callId} has another record than was told`);
  }
}

/** Nothing counts twice; and where nobody dies or is not told that it has written, all counts as its record says. */
function checkMetrics(day: Day): void {
  const { table, measured } = day.cloud;
  const calls = [...table.items]
    .filter(([pk]) => pk.startsWith(callKeyPrefix))
    .map(([, item]) => callFrom(item));
  const { replyLost, functionDies, tableFails, tableSlow } = day.weather;
  const mayMiss = replyLost + functionDies + tableFails + tableSlow > 0;
  const compare = (what: string, counted: number, of: number) => {
    if (counted > of || (counted < of && !mayMiss)) day.breaks(`${counted} ${what} are counted, of ${of}`);
  };
  const sumOf = (name: MetricName, outcome?: Outcome) =>
    measured
      .filter((one) => one.name === name && (outcome === undefined || one.outcome === outcome))
      .reduce((sum, { value }) => sum + (name === 'Calls' ? value : 1), 0);
  compare('calls', sumOf('Calls'), calls.length);
  const answered = calls.filter(({ answeredAt }) => answeredAt !== undefined);
  compare(
    'set-ups',
    sumOf('SetupTime'),
    answered.filter(({ receivedAt }) => receivedAt !== undefined).length,
  );
  compare('lengths', sumOf('CallLength'), answered.filter((call) => !isGuessedOver(call)).length);
  if (mayMiss) return;
  for (const outcome of new Set(calls.map((call) => call.outcome)))
    compare(
      `${outcome} calls`,
      sumOf('Calls', outcome),
      calls.filter((call) => call.outcome === outcome).length,
    );
}
