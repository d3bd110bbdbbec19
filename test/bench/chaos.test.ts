import { describe, expect, it } from 'vitest';
import { mutations } from '../../bench/chaos/mutations.ts';
import { playDay } from '../../bench/chaos/play.ts';

/* Days of trouble on the functions' real code: npm run chaos plays more of them. */

const minutes = 6;

describe.each([0, 1, 2, 3])('days of trouble, part %i', (part) => {
  it('everything holds', async () => {
    for (let seed = part * 15 + 1; seed <= (part + 1) * 15; seed += 1) {
      expect(
        await playDay({ seed, minutes }),
        `npm run chaos -- --seed ${seed} --minutes ${minutes}`,
      ).toEqual([]);
    }
  });
});

it('the same seed plays the same day, and a lock without its condition is found', async () => {
  const mutation = mutations.find(({ name }) => name === 'the lock has no condition');
  const [one, other] = [
    await playDay({ seed: 1, minutes, mutation }),
    await playDay({ seed: 1, minutes, mutation }),
  ];
  expect(one.join('\n')).toMatch(/is offered to call-\d+ while call-\d+ has it/);
  expect(other).toEqual(one);
});
