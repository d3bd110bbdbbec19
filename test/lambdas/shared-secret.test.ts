import { expect, it } from 'vitest';
import { sharedSecret } from '../../lambdas/runtime/shared-secret.ts';

/* A secret that gateways share, as the functions read it. */

/** Secrets Manager with one secret, and a clock. */
function world(...texts: (string | Error)[]) {
  const asked: number[] = [];
  const stale: Error[] = [];
  const clock = { ms: 1_000_000 };
  const send = async () => {
    const text = texts[Math.min(asked.length, texts.length - 1)];
    asked.push(clock.ms);
    if (text instanceof Error) throw text;
    return { SecretString: text };
  };
  return {
    asked,
    clock,
    stale,
    read: sharedSecret(
      { send } as never,
      'the-secret',
      () => clock.ms,
      (error) => stale.push(error),
    ),
  };
}

const secretOf = (current: string, previous?: string) => JSON.stringify({ current, previous });

it('is read once, and again after five minutes, or three seconds where a password did not fit', async () => {
  const { asked, clock, read } = world(secretOf('a'), secretOf('b', 'a'), secretOf('c'));
  expect(await read(false)).toEqual(['a']);
  clock.ms += 2000;
  expect([await read(false), await read(true)]).toEqual([['a'], ['a']]);
  clock.ms += 2000;
  expect(await read(true)).toEqual(['b', 'a']);
  clock.ms += 299_000;
  expect(await read(false)).toEqual(['b', 'a']);
  clock.ms += 2000;
  expect(await read(false)).toEqual(['c']);
  expect(asked).toHaveLength(3);
});

it.each([
  ['no JSON', 'hunter2'],
  ['another shape', '{"password":"hunter2"}'],
  ['nothing', ''],
  ['an error', new Error('denied')],
])('that is %s is a typed error that does not quote it, and is asked for again', async (_what, text) => {
  const { read } = world(text, secretOf('a'));
  const error = await read(false).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ name: 'SecretUnavailable', message: expect.stringContaining('the-secret') });
  expect((error as Error).message).not.toContain('hunter2');
  expect(await read(false)).toEqual(['a']);
});

it('that cannot be read again stays as it was, and somebody is told', async () => {
  const { clock, stale, read } = world(secretOf('a'), new Error('denied'), secretOf('b'));
  await read(false);
  clock.ms += 301_000;
  expect(await read(false)).toEqual(['a']);
  expect(stale).toMatchObject([{ name: 'SecretUnavailable' }]);
  clock.ms += 4000;
  expect(await read(true)).toEqual(['b']);
});
