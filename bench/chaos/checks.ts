import { isDeepStrictEqual } from 'node:util';
import { identityOf } from '../../lambdas/domain/call/call.ts';
import { callRecordOf } from '../../lambdas/domain/call/detail-record.ts';
import { callFrom } from '../../lambdas/store/items/call-item.ts';
import { gatewayFrom } from '../../lambdas/store/items/gateway-item.ts';
import { callKey, callKeyPrefix, gatewayKeyPrefix, poolKey } from '../../lambdas/store/keys.ts';
import { maxGateways, minFree } from './aws/cloud.ts';
import type { Day } from './day.ts';

/** What must hold at any moment: a call and its gateway are written together. */
export function checkMoment(day: Day): void {
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
  for (const call of day.calls) {
    if (call.answeredAt === undefined || call.isBroken) continue;
    const item = day.cloud.table.items.get(callKey(call));
    const record = item && callFrom(item);
    const { callId, answeredAt, endedAt } = call;
    if (endedAt === undefined) day.breaks(`${callId} goes on at the end`);
    else if (record === undefined) day.breaks(`${callId} was answered, and has no record`);
    else if (record.answeredAt !== answeredAt)
      day.breaks(`${callId} was answered, and its record says otherwise`);
    else if (record.outcome === 'edge-lost')
      day.breaks(`${callId} was answered and ended, and is recorded as edge-lost`);
  }
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

function checkMetrics(day: Day): void {
  const { items } = day.cloud.table;
  const ended = [...items.keys()].filter((pk) => pk.startsWith(callKeyPrefix)).length;
  const counted = day.cloud.measured.filter(({ name }) => name === 'Calls');
  const sum = counted.reduce((total, { value }) => total + value, 0);
  const { replyLost, functionDies, tableFails, tableSlow } = day.weather;
  // A function that does not learn that it has written cannot say so; but nothing is ever counted twice.
  const mayMiss = replyLost + functionDies + tableFails + tableSlow > 0;
  if (sum > ended || (sum < ended && !mayMiss)) day.breaks(`${sum} calls are counted, of ${ended}`);
}
