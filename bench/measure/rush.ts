import type { Call } from '../../lambdas/domain/call/call.ts';
import type { DecisionRecord } from '../../lambdas/domain/fleet/decision-record.ts';
import { gatewayKey } from '../../lambdas/store/keys.ts';
import type { CallResult } from '../../local/user-agent/outgoing-call.ts';
import { until } from '../../test/support/until.ts';
import { type PoolRun, startPoolRun } from '../support/pool-run.ts';
import { summary } from '../support/stats.ts';

const calls = 100;
const minFree = 10;
const max = 60;
const longestMs = 300_000;

interface Placed {
  callId: string;
  outcome: CallResult;
  ringingMs: number;
  /** To its final answer. */
  finalMs: number;
}

/** A hundred INVITEs at once on ten gateways of sixty at most; then all hang up, and the pool is watched until it is as before. */
export async function benchRush(startDelay = '5s') {
  const run = await startPoolRun(
    ...['--min-free', String(minFree), '--max', String(max), '--start-delay', startDelay],
  );
  try {
    const caller = await run.caller();
    const placed = await Promise.all(
      Array.from({ length: calls }, async (): Promise<Placed> => {
        const placedAt = performance.now();
        let ringingMs = Number.NaN;
        const call = caller.call({
          uri: `sip:1234@${run.stack.domain}`,
          from: '<sip:caller@endpoint.example>',
          media: 'none',
          onProgress: ({ status }) => {
            if (status === 180 && Number.isNaN(ringingMs)) ringingMs = performance.now() - placedAt;
          },
        });
        const outcome = await call.result;
        return { callId: call.callId, outcome, ringingMs, finalMs: performance.now() - placedAt };
      }),
    );
    const order = await orderOf(run, placed);
    const hangUpAt = Date.now();
    await Promise.all(
      placed.map(({ outcome }) => (outcome.result === 'answered' ? outcome.session.hangUp() : undefined)),
    );
    let left = await leftOvers(run);
    await until(
      'the pool is as before',
      async () => {
        left = await leftOvers(run);
        return isAsBefore(left);
      },
      longestMs,
    ).catch(() => undefined);
    const asBeforeAt = Date.now();
    const answered = placed.filter(({ outcome }) => outcome.result === 'answered');
    const refused = placed.filter(({ outcome }) => outcome.result !== 'answered');
    const history = await historyOf(run, hangUpAt);
    return {
      startDelay,
      answered: answered.length,
      refused: tally(refused.map(({ outcome }) => said(outcome))),
      ringing: summary(answered.map(({ ringingMs }) => ringingMs).filter((ms) => !Number.isNaN(ms))),
      answeredAfter: summary(answered.map(({ finalMs }) => finalMs)),
      refusedAfter: summary(refused.map(({ finalMs }) => finalMs)),
      order,
      mostTasks: run.mostTasks(),
      mostDecided: Math.max(...history.map(({ managed }) => managed)),
      poolAsBeforeAfterMs: isAsBefore(left) ? asBeforeAt - hangUpAt : undefined,
      left,
      history,
    };
  } finally {
    await run.stop();
  }
}

/** A refusal in short: status, whether it says when to come again, and its cause. */
function said(outcome: CallResult): string {
  if (outcome.result === 'failed') return outcome.error.message;
  const { status, headers } = outcome.response;
  const retryAfter = headers.get('retry-after') === undefined ? 'no Retry-After' : 'Retry-After';
  return `${status}, ${retryAfter}, ${/text="([^";]*)/.exec(headers.get('reason') ?? '')?.[1] ?? 'no cause'}`;
}

function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** Whether calls were served as they came. */
async function orderOf(run: PoolRun, placed: readonly Placed[]) {
  const records = new Map(
    ((await run.items('CALL#')) as unknown as Call[]).map((call) => [call.callId, call]),
  );
  const waited = placed
    .filter(({ outcome }) => outcome.result === 'answered')
    .flatMap(({ callId, finalMs }) => {
      const { waitingSince, attempts = [] } = records.get(callId) ?? {};
      return waitingSince === undefined
        ? []
        : { waitingSince, offeredAt: attempts.at(-1)?.offeredAt, finalMs };
    })
    .sort((a, b) => a.waitingSince - b.waitingSince);
  const lastServed = placed.findLastIndex(({ outcome }) => outcome.result === 'answered');
  return {
    waited: waited.length,
    /** By when the edge offered them to their gateway, and when they were answered. */
    offered: overtaken(waited.map(({ offeredAt }) => Number(offeredAt))),
    answered: overtaken(waited.map(({ finalMs }) => finalMs)),
    /** Refused although their INVITE was sent before that of a call that was served. */
    refusedBeforeLastServed: placed
      .slice(0, lastServed)
      .filter(({ outcome }) => outcome.result !== 'answered').length,
  };
}

/**
 * @param timesMs of calls, those that began to wait first before the others
 * @returns how many had theirs later than one behind them, and by how much
 */
function overtaken(timesMs: readonly number[]) {
  const laterMs = timesMs.map((at, i) => at - Math.min(at, ...timesMs.slice(i + 1)));
  const some = laterMs.filter((ms) => ms > 0);
  return { overtaken: some.length, by: summary(some) };
}

/** What the fleet did, oldest first; `afterMs`: since all hung up. */
async function historyOf(run: PoolRun, hangUpAt: number) {
  const decisions = (await run.items('DECISION#')) as unknown as DecisionRecord[];
  return decisions
    .sort((a, b) => a.at - b.at)
    .map(({ at, action, done, managed, waiting, reason, counts }) => {
      const after = action === 'start' ? managed + done : managed;
      return { afterMs: at - hangUpAt, action, done, managed: after, waiting, rule: reason.rule, counts };
    });
}

interface LeftOvers {
  tasks: number;
  gateways: Record<string, number>;
  openCalls: number;
  hangups: number;
  managed: number;
  starts: number;
}

async function leftOvers(run: PoolRun): Promise<LeftOvers> {
  const [gateways, records, hangups, [pool]] = await Promise.all([
    run.items(gatewayKey('')),
    run.items('CALL#'),
    run.items('HANGUP#'),
    run.items('POOL'),
  ]);
  return {
    tasks: run.tasks(),
    gateways: tally(gateways.map(({ state }) => String(state))),
    openCalls: records.filter(({ state }) => state !== 'ended').length,
    hangups: hangups.length,
    managed: Number(pool?.managed),
    starts: (pool?.starts as unknown[] | undefined)?.length ?? 0,
  };
}

/** So many free gateways as at first, and nothing else. */
function isAsBefore(left: LeftOvers): boolean {
  const { tasks, gateways, openCalls, hangups, managed, starts } = left;
  const { free = 0, ...others } = gateways;
  return (
    tasks === minFree &&
    free === minFree &&
    Object.keys(others).length === 0 &&
    openCalls + hangups + starts === 0 &&
    managed === minFree
  );
}
