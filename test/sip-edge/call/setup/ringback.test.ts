import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CallerLeg } from '../../../../sip-edge/call/leg/caller-leg.ts';
import { Ringback } from '../../../../sip-edge/call/setup/ringback.ts';
import { systemClock } from '../../../../sip-edge/ports.ts';

/* What a caller hears and when: in time that passes as the test wants. */

const said: unknown[] = [];
const caller: Pick<CallerLeg, 'ring'> = {
  ring: (status, options, phrase) => said.push([status, phrase ?? options?.body]),
};
let ringback: Ringback;
beforeEach(() => {
  vi.useFakeTimers();
  said.length = 0;
  ringback = new Ringback(caller as CallerLeg, systemClock);
});
afterEach(() => {
  ringback.stop();
  vi.useRealTimers();
});

it('rings at once when the call waits, and again each minute with its place', () => {
  ringback.waits(3);
  expect(said).toEqual([[180, 'Queued, 3 ahead']]);
  ringback.waits(2);
  vi.advanceTimersByTime(59_000);
  expect(said).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(said.at(-1)).toEqual([180, 'Queued, 2 ahead']);
  ringback.waits(0);
  vi.advanceTimersByTime(60_000);
  expect(said.at(-1)).toEqual([180, undefined]);
});

it('rings before 100 ms where nothing is known yet', () => {
  vi.advanceTimersByTime(59);
  expect(said).toEqual([]);
  vi.advanceTimersByTime(10);
  expect(said).toEqual([[180, undefined]]);
});

it('rings on while a gateway that was found says nothing, and tells no place any more', () => {
  ringback.waits(3);
  ringback.offered();
  vi.advanceTimersByTime(120_000);
  expect(said.slice(1)).toEqual([
    [180, undefined],
    [180, undefined],
  ]);
});

it('says again what the gateway said, until another is tried', () => {
  ringback.offered();
  ringback.says(183, { body: 'early media' });
  expect(said).toEqual([[183, 'early media']]);
  vi.advanceTimersByTime(60_000);
  expect(said.slice(1)).toEqual([[183, 'early media']]);
  ringback.offered();
  vi.advanceTimersByTime(60_000);
  expect(said.slice(2)).toEqual([[180, undefined]]);
});

it('says nothing after the final answer', () => {
  ringback.stop();
  vi.advanceTimersByTime(200_000);
  expect(said).toEqual([]);
});
