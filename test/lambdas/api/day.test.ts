import { expect, it } from 'vitest';
import type { DayView } from '../../../contracts/api/pool-views.ts';
import { parsePolicy } from '../../../lambdas/domain/fleet/read-policy.ts';
import { measurePool } from '../../../lambdas/functions/calls/measure-pool.ts';
import { noteMinute } from '../../../lambdas/functions/calls/note-minute.ts';
import { noteDemand } from '../../../lambdas/functions/fleet/known-demand.ts';
import { putSample } from '../../../lambdas/store/items/minute-items.ts';
import { ask, get } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed, peer } from '../support/world.ts';

useWorld();

const minuteMs = 60_000;
const caller = { uri: 'sip:alice@example.org', received: peer };
const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];

const policy = parsePolicy(
  { policy: 'predictive', minFree: 1 },
  { timeZone: 'UTC', maxGateways: 9, startSec: 120, gateways: 'single-use' },
);
const note = async () => noteMinute(await measurePool(world.deps), world.deps);

it('tells of each minute how it stood, and null where nobody looked', async () => {
  world.nowMs = Date.parse('2027-01-15T00:03:10Z');
  await world.hangups('edge-1', { leaseSec: 600 });
  for (const n of [1, 2, 3]) await world.register({ username: managed(n), contacts });
  const { username } = await world.grant({ callId: 'busy' });
  await world.say(world.answered('busy', username));
  await world.grant({ callId: 'locked' });
  await world.register({ username: managed(4), contacts });
  const body = { reason: 'no sound' };
  expect((await ask(`/gateways/${managed(4)}/hold`, { method: 'POST', body })).statusCode).toBe(200);
  await world.pool({ starting: 2 });
  for (const callId of ['full-1', 'full-2'])
    await world.say({
      type: 'call.failed',
      callId,
      outcome: 'pool-exhausted',
      failed: [],
      detail: 'none-free',
    });
  await world.say({ type: 'call.failed', callId: 'no', outcome: 'no-room', failed: [], detail: 'none' });
  const offer = { callId: 'busy', room: '1234', caller, gateway: username, attempt: 1 };
  await noteDemand([world.fact({ type: 'call.offered', ...offer })], { ...world.deps, policy });
  world.nowMs += minuteMs;
  await note();
  const day = await get<DayView>('/day');
  expect(day).toMatchObject({
    day: '2027-01-15',
    everySec: 60,
    free: [null, null, null, 1, null],
    locked: [null, null, null, 1, null],
    busy: [null, null, null, 1, null],
    held: [null, null, null, 1, null],
    starting: [null, null, null, 2, null],
    waiting: [null, null, null, 0, null],
    calls: [null, null, null, 1, null],
    failed: [
      { word: 'no-room', calls: [null, null, null, 1, null] },
      { word: 'pool-exhausted: none-free', calls: [null, null, null, 2, null] },
    ],
  });
});

it('tells beside it what was expected, and null of a minute of which that was not kept', async () => {
  world.nowMs = Date.parse('2027-01-15T00:03:10Z');
  const counts = { free: 1, locked: 0, busy: 2, held: 0, draining: 0, starting: 0, waiting: 0, calls: 3 };
  const samples = [counts, { ...counts, wanted: 0, foreseen: 2.25 }, { ...counts, wanted: 4 }];
  for (const [minute, sample] of samples.entries()) {
    const atMs = Date.parse('2027-01-15') + minute * minuteMs;
    await world.table.write(putSample(atMs, { ...sample, failed: new Map() }));
  }
  expect(await get<DayView>('/day')).toMatchObject({
    busy: [2, 2, 2, null],
    wanted: [null, 0, 4, null],
    foreseen: [null, 2.25, null, null],
  });
});

it('tells of a day before whole, and of a day to come nothing', async () => {
  world.nowMs = Date.parse('2027-01-15T23:59:30Z');
  await note();
  world.nowMs += 2 * minuteMs;
  const before = await get<DayView>('/day?day=2027-01-15');
  expect(before.free).toHaveLength(1440);
  expect(before.free.flatMap((value, minute) => (value === null ? [] : [minute]))).toEqual([1438]);
  expect(before.failed).toEqual([]);
  expect((await get<DayView>('/day')).free).toEqual([null, null]);
  expect((await get<DayView>('/day?day=2027-01-17')).free).toEqual([]);
  expect(await ask('/day?day=yesterday')).toMatchObject({ statusCode: 400 });
});

it('keeps a minute once, whoever notes it twice', async () => {
  world.nowMs = Date.parse('2027-01-15T10:00:30Z');
  await note();
  await note();
  expect((await get<DayView>('/day')).busy.filter((value) => value !== null)).toEqual([0]);
});
