import { expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../../../sip-edge/control-plane/flow/concurrency-limit.ts';

const start = 1_800_000_000_000;

it('is three hundred until an answer is late', () => {
  expect(new ConcurrencyLimit().at(start)).toBe(300);
});

it('falls to seven tenths of what was under way, and is back there within about a second', () => {
  const limit = new ConcurrencyLimit();
  expect(limit.late(start - 1100, 200, start)).toBe(true);
  expect(limit.at(start)).toBe(140);
  const at = [0.5, 1, 1.25, 1.5].map((sec) => limit.at(start + sec * 1000));
  expect(at).toEqual([186, 199, 199, 200]);
});

it('stays there for a moment, and has forgotten all after some seconds', () => {
  const limit = new ConcurrencyLimit();
  limit.late(start - 1100, 200, start);
  const at = [2, 2.5, 3, 4, 5].map((sec) => limit.at(start + sec * 1000));
  expect(at).toEqual([212, 257, 300, 300, 300]);
});

it('falls once for all that was sent before it fell, and is held there until they have come', () => {
  const limit = new ConcurrencyLimit();
  limit.late(start - 1100, 200, start);
  expect(limit.late(start - 200, 180, start + 900)).toBe(false);
  expect(limit.at(start + 900)).toBe(140);
  expect(limit.at(start + 1900)).toBe(199);
});

it('falls again where what was sent since is late too', () => {
  const limit = new ConcurrencyLimit();
  limit.late(start - 1100, 200, start);
  expect(limit.late(start + 1, 150, start + 1200)).toBe(true);
  expect(limit.at(start + 1200)).toBe(105);
});

it('never falls below a batch, however long it goes on', () => {
  const limit = new ConcurrencyLimit();
  for (let now = start; now < start + 60_000; now += 100) limit.late(now, limit.at(now), now);
  expect(limit.at(start + 59_900)).toBe(25);
});
