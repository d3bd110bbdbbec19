import { afterAll, beforeAll, expect, it } from 'vitest';
import { withoutEachContainerVariable, withoutEachVariable } from './mutations.ts';
import { Noticing } from './noticing.ts';

/* As grants.test.ts: without each variable the checks fail, and say which it is. */

let noticing: Noticing;
beforeAll(async () => {
  noticing = await Noticing.start();
});
afterAll(() => noticing?.close());

it('without any one variable of a container, a check fails and names it', async () => {
  const variables = withoutEachContainerVariable(noticing.stack.template);
  expect(variables.length).toBeGreaterThan(20);
  expect(await noticing.unnoticed(variables)).toEqual([]);
});

it('without any one variable of a function, a check fails and names it', async () => {
  const variables = withoutEachVariable(noticing.stack.template).filter(
    // Its lack shows in stack traces alone.
    ({ names }) => !names.includes('NODE_OPTIONS'),
  );
  expect(variables.length).toBeGreaterThan(8);
  expect(await noticing.unnoticed(variables)).toEqual([]);
});
