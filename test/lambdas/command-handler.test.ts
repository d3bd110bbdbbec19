import { expect, it } from 'vitest';
import * as z from 'zod';
import { commandHandler } from '../../lambdas/runtime/command-handler.ts';

it('does not answer while the run still goes on, however little time is left', async () => {
  let finish: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const done: string[] = [];
  const handler = commandHandler({
    service: 'test',
    schema: z.object({}),
    logKeys: () => ({}),
    summary: () => undefined,
    run: async () => {
      await gate;
      done.push('written');
    },
  });
  // The time is over already: middy's own limit would answer in the next turn of the event loop.
  const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 0 } as unknown as Parameters<
    typeof handler
  >[1];
  const answered = handler({}, context).finally(() => done.push('answered'));
  // Timers of the same length end in the order they began in, so middy's would have ended by now.
  await new Promise((resolve) => setTimeout(resolve, 1));
  finish();
  await answered;
  expect(done).toEqual(['written', 'answered']);
});
