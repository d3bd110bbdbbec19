import { expect, it } from 'vitest';
import { Lateness } from '../../../../sip-edge/control-plane/flow/lateness.ts';

const start = 1_800_000_000_000;

/** @param answers when each came and how long it took, ms. @returns for each whether it says that too much is under way */
function seen(...answers: [at: number, tookMs: number][]): boolean[] {
  const lateness = new Lateness();
  return answers.map(([at, tookMs]) => lateness.see(start + at - tookMs, start + at));
}

it('says nothing of one that is late for once, however late', () => {
  expect(seen([0, 20], [10, 5000], [20, 900])).toEqual([false, false, false]);
});

it('says it where all are late for half a second', () => {
  expect(seen([0, 600], [300, 600], [499, 600], [500, 600], [600, 501])).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

it('says nothing where one in between is in time', () => {
  expect(seen([0, 600], [400, 500], [500, 600], [900, 600], [1000, 600])).toEqual([
    ...[false, false, false, false],
    true,
  ]);
});
