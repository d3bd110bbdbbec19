import { describe, expect, it } from 'vitest';
import { Day } from '../../bench/chaos/day.ts';
import { playDay } from '../../bench/chaos/play.ts';

/* Days of trouble on the real code of functions and edges: npm run chaos plays more of them. */

const minutes = 6;

/** Most days are short, so that two hundred take a minute. */
const minutesOf = (seed: number) => (seed % 10 === 0 ? minutes : 2);

describe.each([0, 1, 2, 3])('days of trouble, part %i', (part) => {
  it('everything holds', async () => {
    for (let seed = part * 50 + 1; seed <= (part + 1) * 50; seed += 1) {
      const day = { seed, minutes: minutesOf(seed) };
      const { broken } = await playDay(day);
      expect(broken, `npm run chaos -- --seed ${seed} --minutes ${day.minutes}`).toEqual([]);
    }
  });
});

it('the same seed plays the same day', async () => {
  const history = async () => {
    const day = new Day({ seed: 5, minutes });
    await day.play();
    const calls = [...day.callers.calls].map(({ server: _, ...call }) => call);
    return { calls, records: [...day.cloud.records], drawnNext: day.sim.random() };
  };
  const first = await history();
  expect(first.calls.length).toBeGreaterThan(10);
  expect(await history()).toEqual(first);
});
