import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checks } from './checks/checks.ts';
import { realStack, type Subject, settings, startSubject } from './subject.ts';

/*
 * The functions as they deploy, each in the role that the template gives it: a permission that one of these steps
 * needs and the template does not give fails here, with its name. mutations/ shows that it does.
 */

let subject: Subject;

beforeAll(async () => {
  const stack = await realStack();
  subject = await startSubject(stack, stack.template);
});
afterAll(() => subject?.stop());

describe('in the roles of the template', () => {
  it.each(checks)('$name', async ({ run }) => {
    await expect(run(subject.plane, settings)).resolves.toBeUndefined();
  });
});
