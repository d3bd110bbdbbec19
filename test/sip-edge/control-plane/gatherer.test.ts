import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { About } from '../../../sip-edge/control-plane/flow/about.ts';
import { Flow } from '../../../sip-edge/control-plane/flow/flow.ts';
import { Gatherer } from '../../../sip-edge/control-plane/gatherer.ts';
import { systemClock } from '../../../sip-edge/ports.ts';
import { recordingLog } from '../support/log.ts';

/** A gatherer whose requests end when the test says so. */
function open({ most = 3, waitMs = 600_000, keepMs = 600_000 } = {}) {
  const requests: { commands: readonly string[]; end: (answers: (string | Error)[] | Error) => void }[] = [];
  const gatherer = new Gatherer<string, string>({
    most,
    waitMs,
    keepMs,
    flow: new Flow(systemClock, recordingLog()),
    clock: systemClock,
    send: (commands) =>
      new Promise((resolve, reject) => {
        requests.push({
          commands,
          end: (answers) => (answers instanceof Error ? reject(answers) : resolve(answers)),
        });
      }),
  });
  const sent = () => requests.map(({ commands }) => commands.join(''));
  return {
    ask: (command: string, about: About = { urgency: 'refresh' }) => gatherer.ask(command, about),
    requests,
    sent,
  };
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

const refresh: About = { urgency: 'refresh', hasTime: true };

/** One whose first request, `a`, has returned. */
async function afterOne(options?: Parameters<typeof open>[0]) {
  const opened = open(options);
  void opened.ask('a');
  opened.requests[0]?.end(['A']);
  await setImmediate();
  return opened;
}

it('alone, one that has time goes at once', () => {
  const { ask, sent } = open();
  void ask('a', refresh);
  expect(sent()).toEqual(['a']);
});

it('those that have time are kept after a request, until their batch is full', async () => {
  const { ask, sent } = await afterOne();
  for (const command of ['b', 'c']) void ask(command, refresh);
  expect(sent()).toEqual(['a']);
  void ask('d', refresh);
  expect(sent()).toEqual(['a', 'bcd']);
});

it('or until one comes that has none', async () => {
  const { ask, sent } = await afterOne();
  void ask('b', refresh);
  void ask('c');
  expect(sent()).toEqual(['a', 'bc']);
});

it('or for a moment', async () => {
  const { ask, sent } = await afterOne({ keepMs: 1 });
  void ask('b', refresh);
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

it('a command that its client gives again takes the place of the one that waits', async () => {
  const { ask, requests, sent } = open();
  void ask('a');
  const earlier = ask('b', { urgency: 'refresh', key: 'client' });
  void ask('c', { urgency: 'refresh', key: 'client' });
  await expect(earlier).rejects.toMatchObject({ why: 'abandoned' });
  requests[0]?.end(['A']);
  await expect.poll(sent).toEqual(['a', 'c']);
});

it('a command whose client has gone while it waited is not sent', async () => {
  const { ask, requests, sent } = open();
  let isGone = false;
  const first = ask('a');
  const abandoned = ask('b', { urgency: 'call', isGone: () => isGone });
  isGone = true;
  requests[0]?.end(['A']);
  await expect(abandoned).rejects.toMatchObject({ why: 'abandoned' });
  await first;
  void ask('c');
  expect(sent()).toEqual(['a', 'c']);
});
