import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTrace, type TraceCall, writeTrace } from '../../bench/simulate/day/trace.ts';
import { EventQueue } from '../../bench/simulate/event-queue.ts';
import { originalController } from '../../bench/simulate/original.ts';
import { replay } from '../../bench/simulate/replay.ts';
import type { Controller, Order, ReplaySettings } from '../../bench/simulate/replayed.ts';
import { counts } from '../lambdas/fleet/policy/support.ts';

const hour = 3_600_000;
const settings: ReplaySettings = {
  fromMs: 0,
  untilMs: hour,
  startSec: [60, 60],
  gateways: 'single-use',
  waitLimitSec: 90,
  stopSec: 0,
  random: () => 0.5,
};
const call = (startSec: number, sec: number): TraceCall => ({
  startMs: startSec * 1000,
  durationMs: sec * 1000,
});

/** Starts so many at once, then does nothing. */
function starting(count: number): Controller {
  let left = count;
  return {
    everyEvent: false,
    decide() {
      const order: Order = left > 0 ? { action: 'start', count: left } : { action: 'none' };
      left = 0;
      return order;
    },
  };
}

describe('the replay', () => {
  it('counts a gateway from the request of its start to its end', () => {
    const run = replay([call(600, 1200)], starting(1), { ...settings, stopSec: 30 });
    // Requested at 0, in a call from 600 to 1800, gone at 1830.
    expect(run.gatewayHours).toBeCloseTo(1830 / 3600, 6);
    expect(run).toMatchObject({ starts: 1, refused: 0, waitsSec: [0] });
  });

  it('counts what still runs when the day is over', () => {
    expect(replay([call(600, 60)], starting(3), settings).gatewayHours).toBeCloseTo(2 + 660 / 3600, 6);
  });

  it('goes on until the last call is over', () => {
    expect(replay([call(3000, 3600)], starting(1), settings).gatewayHours).toBeCloseTo(6600 / 3600, 6);
  });

  it('serves waiting calls first come, first served, for their whole duration', () => {
    const run = replay([call(10, 100), call(20, 100), call(30, 100)], starting(2), settings);
    expect(run.waited).toEqual([
      { atMs: 10_000, sec: 50, refused: false },
      { atMs: 20_000, sec: 40, refused: false },
      { atMs: 30_000, sec: 90, refused: true },
    ]);
    expect(run.gatewayHours).toBeCloseTo((2 * 160) / 3600, 6);
  });

  it('gives a reused gateway to the call that waits', () => {
    const run = replay([call(100, 50), call(120, 50)], starting(1), { ...settings, gateways: 'reuse' });
    expect(run.waitsSec).toEqual([0, 30]);
    expect(run.starts).toBe(1);
  });

  it('loses no call and no gateway', async () => {
    const anyCall = fc.record({ start: fc.nat(3000), sec: fc.integer({ min: 1, max: 2000 }) });
    await fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 40 }), fc.nat(20), fc.boolean(), (some, count, reused) => {
        const calls = some.map(({ start, sec }) => call(start, sec)).sort((a, b) => a.startMs - b.startMs);
        const run = replay(calls, starting(count), {
          ...settings,
          gateways: reused ? 'reuse' : 'single-use',
        });
        expect(run.waitsSec.length).toBe(calls.length);
        expect(run.waited.filter(({ refused }) => refused).length).toBe(run.refused);
        const last = run.samples.at(-1);
        expect(last).toMatchObject({ busy: 0, waiting: 0, starting: 0 });
        expect(last?.free).toBe(reused ? count : count - (calls.length - run.refused));
      }),
    );
  });

  it('plays what is due in the order of time, and of planning at the same time', async () => {
    const times = fc.array(fc.nat(20), { maxLength: 60 });
    await fc.assert(
      fc.property(times, (planned) => {
        const queue = new EventQueue();
        const order: [number, number][] = [];
        planned.forEach((atMs, i) => {
          queue.push(atMs, () => order.push([atMs, i]));
        });
        for (let event = queue.pop(); event !== undefined; event = queue.pop()) event.run();
        expect(order).toEqual(
          planned.map((atMs, i): [number, number] => [atMs, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
        );
      }),
    );
  });
});

describe("the original's scaler", () => {
  const rows = [{ fromSec: 0, unlockedMin: 8, loadMax: 0.75 }];
  const original = originalController(new Array(7).fill(rows), 'Europe/Paris', 100);
  const order = (some: Parameters<typeof counts>[0]) =>
    original.decide({ nowMs: 0, counts: counts(some), waiting: 0, perMinute: [] });

  it('keeps unlockedMin free', () => {
    expect(order({ free: 5, busy: 2 })).toEqual({ action: 'start', count: 3 });
    expect(order({ free: 8, busy: 2 })).toEqual({ action: 'none' });
  });

  it('keeps the share in calls below loadMax', () => {
    expect(order({ free: 20, busy: 75 })).toEqual({ action: 'start', count: 5 });
  });

  it('does not see what is starting, and starts it again', () => {
    expect(order({ free: 5, busy: 2, starting: 3 })).toEqual({ action: 'start', count: 3 });
  });

  it('drains all that is too many at once, free ones only', () => {
    expect(order({ free: 20, busy: 2 })).toEqual({ action: 'drain', count: 12 });
  });

  it('goes to maxGw', () => {
    expect(order({ free: 2, busy: 90 })).toEqual({ action: 'start', count: 8 });
  });
});

describe('a trace', () => {
  it('is read in any order, with or without quotes, in any offset', () => {
    const { calls, offsetMin, date } = parseTrace(
      '"2020-11-17T00:30:00+01:00","2020-11-17T01:00:00+01:00"\n2020-11-16T23:15:00Z,2020-11-16T23:16:00Z\r\n\n',
    );
    expect(calls.map(({ durationMs }) => durationMs / 1000)).toEqual([60, 1800]);
    expect({ offsetMin, date }).toEqual({ offsetMin: 60, date: '2020-11-17' });
  });

  it('may have calls that end when they start, or before: they last a second', () => {
    const { calls } = parseTrace(
      '"2020-11-17T10:00:00+01:00","2020-11-17T10:00:00+01:00"\n"2020-11-17T11:00:00+01:00","2020-11-17T10:59:58+01:00"\n',
    );
    expect(calls.map(({ durationMs }) => durationMs)).toEqual([1000, 1000]);
  });

  it.each([
    ['2020-11-17T10:00:00+01:00', /line 1/],
    ['a,b', /line 1/],
    ['2020-11-17T10:00:00,2020-11-17T11:00:00', /offset/],
    ['2020-13-17T10:00:00Z,2020-11-17T11:00:00Z', /line 1/],
    ['', /no calls/],
  ])('is refused as %j', (text, message) => {
    expect(() => parseTrace(text)).toThrow(message);
  });

  it('may have a header', () => {
    const line = '2020-11-17T10:00:00Z,2020-11-17T10:01:00Z';
    expect(parseTrace(`start,end\n${line}\n`)).toEqual(parseTrace(line));
  });

  it('is read as it was written', () => {
    const written = parseTrace('"2020-11-17T10:00:00-03:30","2020-11-17T10:01:00-03:30"\n');
    expect(parseTrace(writeTrace(written))).toEqual(written);
    expect(writeTrace(written)).toContain('-03:30');
  });
});
