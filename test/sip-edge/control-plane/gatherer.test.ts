import { expect, it } from 'vitest';
import { Gatherer } from '../../../sip-edge/control-plane/gatherer.ts';

/** A gatherer whose requests end when the test says so. */
function open({ most = 3, waitMs = 600_000 } = {}) {
  const requests: { commands: readonly string[]; end: (answers: (string | Error)[] | Error) => void }[] = [];
  const gatherer = new Gatherer<string, string>({
    most,
    waitMs,
    send: (commands) =>
      new Promise((resolve, reject) => {
        requests.push({
          commands,
          end: (answers) => (answers instanceof Error ? reject(answers) : resolve(answers)),
        });
      }),
  });
  const sent = () => requests.map(({ commands }) => commands.join(''));
  return { ask: (command: string) => gatherer.ask(command), requests, sent };
}

it('a command goes at once where none is under way', () => {
  const { ask, sent } = open();
  void ask('a');
  expect(sent()).toEqual(['a']);
});

it('what comes while one is under way goes together when it returns', async () => {
  const { ask, requests, sent } = open();
  const first = ask('a');
  const others = [ask('b'), ask('c')];
  expect(sent()).toEqual(['a']);
  requests[0]?.end(['A']);
  expect(await first).toBe('A');
  await expect.poll(sent).toEqual(['a', 'bc']);
  requests[1]?.end(['B', 'C']);
  expect(await Promise.all(others)).toEqual(['B', 'C']);
});

it('a full batch waits for nobody', () => {
  const { ask, sent } = open();
  for (const command of ['a', 'b', 'c', 'd', 'e']) void ask(command);
  expect(sent()).toEqual(['a', 'bcd']);
});

it('one that hangs holds up the next for a moment only', async () => {
  const { ask, sent } = open({ waitMs: 1 });
  void ask('a');
  void ask('b');
  await expect.poll(sent).toEqual(['a', 'b']);
});

it('a command that fails leaves the others of its batch alone', async () => {
  const { ask, requests } = open();
  void ask('a');
  const [bad, good] = [ask('b'), ask('c')];
  requests[0]?.end(['A']);
  await expect.poll(() => requests.length).toBe(2);
  requests[1]?.end([new RangeError('no'), 'C']);
  await expect(bad).rejects.toThrow('no');
  expect(await good).toBe('C');
});

it('a batch that fails fails each of its commands once, and the next go on', async () => {
  const { ask, requests, sent } = open();
  const first = ask('a');
  const next = ask('b');
  requests[0]?.end(new Error('lost'));
  await expect(first).rejects.toThrow('lost');
  await expect.poll(sent).toEqual(['a', 'b']);
  requests[1]?.end(['B']);
  expect(await next).toBe('B');
});
