import { expect, it } from 'vitest';
import { mutations } from '../../bench/chaos/mutations.ts';
import { playDay } from '../../bench/chaos/play.ts';

/* What is left out of the real code must show on some day: else the days would not see a fault of that kind, or the code has
   moved, and nothing is left out. */

const minutes = 6;
const days = 100;

it.each(mutations)('some day shows that $name', async (mutation) => {
  let shown: string | undefined;
  for (let seed = 1; seed <= days && shown === undefined; seed += 1) {
    [shown] = (await playDay({ seed, minutes, mutation })).broken;
  }
  expect(shown).toBeDefined();
});
