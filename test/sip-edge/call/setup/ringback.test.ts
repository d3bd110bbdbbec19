import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CallerLeg } from '../../../../sip-edge/call/leg/caller-leg.ts';
import { Ringback } from '../../../../sip-edge/call/setup/ringback.ts';

/* What a caller hears and when: in time that passes as the test wants. */

const said: unknown[] = [];
const caller: Pick<CallerLeg, 'ring'> = { ring: (status, _options, phrase) => said.push([status, phrase]) };
let ringback: Ringback;
beforeEach(() => {
  vi.useFakeTimers();
  said.length = 0;
  ringback = new Ringback(caller as CallerLeg);
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

it('says nothing where a gateway was found before', () => {
  ringback.stop();
  vi.advanceTimersByTime(200_000);
  expect(said).toEqual([]);
});
