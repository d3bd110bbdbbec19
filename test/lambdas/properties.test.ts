import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { useTestTable } from '../support/use-test-table.ts';
import { kinds, Simulation, type Step } from './support/simulation/simulation.ts';
import { World } from './support/world.ts';

/* Whatever happens, in whatever order, told twice or late: see Simulation for what must hold after each step. */

const engine = useTestTable();

/** Stories told of each kind: `PROPERTY_RUNS=300 npx vitest run test/lambdas/properties.test.ts` looks longer. */
const numRuns = Number(process.env.PROPERTY_RUNS ?? 15);

/** Calls and facts more often than the rest: most of what goes wrong takes several of them. */
const kind = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...kinds) },
  { weight: 2, arbitrary: fc.constantFrom('call' as const, 'deliver' as const, 'answer' as const) },
  { weight: 1, arbitrary: fc.constantFrom('failAttempt' as const, 'pass' as const, 'register' as const) },
);
const step: fc.Arbitrary<Step> = fc.record({
  kind,
  pick: fc.nat(1000),
  how: fc.nat(1000),
  lost: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

it.each(['stop', 'reuse'] as const)(
  'never two owners, no lock lost or left, the same attempt the same gateway (%s)',
  async (afterCall) => {
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer(),
        fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }),
        async (gateways, freeShards, seed, story) => {
          const random = randomFrom(seed);
          const tableName = await engine.createTable();
          const world = new World(engine.client, tableName, { afterCall, freeShards, random });
          const simulation = new Simulation(world, gateways);
          const start = { how: 9, lost: false, kind: 'register' as const };
          for (let pick = 0; pick < gateways; pick += 1) await simulation.take({ ...start, pick });
          for (const one of story) await simulation.take(one);
          await simulation.finish();
          steps += story.length;
        },
      ),
      { numRuns, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: false },
    );
    expect(steps).toBeGreaterThan(numRuns);
  },
  120_000,
);

/** mulberry32: a small generator, so that a failure is found again from its seed. */
function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
