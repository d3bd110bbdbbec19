import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Flow } from '../../../../sip-edge/control-plane/flow/flow.ts';
import type { Urgency } from '../../../../sip-edge/control-plane/flow/urgency.ts';
import { Gatherer } from '../../../../sip-edge/control-plane/gatherer.ts';
import { ControlPlaneUnavailable, systemClock } from '../../../../sip-edge/ports.ts';
import { recordingLog } from '../../support/log.ts';

/*
 * The edge's queue before a control plane that does so much and no more: one command after the other, as they came. All
 * on a clock of the test's own.
 */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const perSec = 100;
/** Who waits longer for an answer has hung up. */
const patienceMs = 3000;

interface Result {
  urgency: Urgency;
  startedAt: number;
  tookMs: number;
  /** `answered`, or why not. */
  end: string;
}

function world() {
  const log = recordingLog();
  const flow = new Flow(systemClock, log);
  let isHung = false;
  let freeAt = 0;
  /** Each command takes its time of the one server there is. */
  const send = async (commands: readonly unknown[]): Promise<string[]> => {
    if (isHung) {
      await new Promise((resolve) => setTimeout(resolve, 5000));
      throw new ControlPlaneUnavailable('timeout', 'no answer');
    }
    freeAt = Math.max(freeAt, Date.now()) + (commands.length * 1000) / perSec;
    await new Promise((resolve) => setTimeout(resolve, freeAt - Date.now()));
    return commands.map(() => 'done');
  };
  const open = () =>
    new Gatherer<object, string>({ most: 25, waitMs: 20, keepMs: 100, flow, clock: systemClock, send });
  const registers = open();
  const calls = open();
  const results: Result[] = [];

  function ask(urgency: Urgency): void {
    const startedAt = Date.now();
    const gatherer = urgency === 'refresh' || urgency === 'registration' ? registers : calls;
    const end = (word: string) =>
      results.push({ urgency, startedAt, tookMs: Date.now() - startedAt, end: word });
    gatherer.ask({}, { urgency, hasTime: urgency === 'refresh' }).then(
      () => end('answered'),
      (error: ControlPlaneUnavailable) => end(error.why),
    );
  }

  /** So many of these a second, evenly, for so long. @returns what became of them */
  async function load(rates: Partial<Record<Urgency, number>>, seconds: number): Promise<Result[]> {
    const from = results.length;
    const startedAt = Date.now();
    const timers = Object.entries(rates).map(([urgency, rate]) =>
      setInterval(() => ask(urgency as Urgency), 1000 / rate),
    );
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    for (const timer of timers) clearInterval(timer);
    await vi.advanceTimersByTimeAsync(10_000);
    return results.slice(from).filter((one) => one.startedAt >= startedAt);
  }

  return {
    load,
    log,
    flow,
    hang: (does: boolean) => {
      isHung = does;
    },
  };
}

const good = (results: readonly Result[], urgency: Urgency = 'call') =>
  results.filter((one) => one.urgency === urgency && one.end === 'answered' && one.tookMs <= patienceMs)
    .length;
const refusals = (results: readonly Result[]) => results.filter(({ end }) => end === 'overloaded');

it.each([2, 4, 10])(
  'carries at %i times its capacity nine tenths of the best, and refuses the rest at once',
  async (times) => {
    const best = good(await world().load({ call: perSec }, 60));
    const results = await world().load({ call: times * perSec }, 60);
    expect(good(results)).toBeGreaterThan(0.9 * best);
    expect(Math.max(...refusals(results).map(({ tookMs }) => tookMs))).toBeLessThanOrEqual(60);
    // Hardly one is left for its caller to give up: those of the first moment.
    expect(good(results) + refusals(results).length).toBeGreaterThan(0.999 * results.length);
  },
);

it('refuses nobody at nine tenths of what it carries', async () => {
  expect(refusals(await world().load({ call: 0.9 * perSec }, 60))).toEqual([]);
});

it('answers all registrations while calls come at four times its capacity', async () => {
  const results = await world().load({ refresh: 30, registration: 20, call: 4 * perSec }, 60);
  expect(good(results, 'refresh')).toBeGreaterThanOrEqual(30 * 60);
  expect(good(results, 'registration')).toBeGreaterThanOrEqual(20 * 60);
  expect(good(results)).toBeGreaterThan(0.8 * 50 * 60);
});

it('answers refreshes first where registrations alone are too many', async () => {
  const results = await world().load({ refresh: 60, registration: 3 * perSec }, 60);
  const refreshes = results.filter(({ urgency }) => urgency === 'refresh');
  expect(refreshes.filter(({ end }) => end === 'answered')).toHaveLength(refreshes.length);
});

it('refuses calls at once while the control plane hangs, and takes them again within seconds', async () => {
  const { load, hang, log } = world();
  hang(true);
  const hung = await load({ call: perSec }, 20);
  const late = hung.filter(({ startedAt }) => startedAt > (hung[0]?.startedAt ?? 0) + 2000);
  expect(refusals(late).length).toBeGreaterThan(0.9 * late.length);
  expect(log.lines).toContainEqual(
    expect.objectContaining({ event: 'control-plane-late', isThrottled: false }),
  );
  hang(false);
  const after = await load({ call: 0.9 * perSec }, 20);
  const since = after[0]?.startedAt ?? 0;
  expect(refusals(after.filter(({ startedAt }) => startedAt > since + 3000))).toEqual([]);
});
