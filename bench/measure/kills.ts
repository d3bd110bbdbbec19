import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from '../../lambdas/domain/call/call.ts';
import { until } from '../../test/support/until.ts';
import { startGateways } from '../support/gateways.ts';
import { type PoolRun, startPoolRun } from '../support/pool-run.ts';
import { pidsWith } from '../support/processes.ts';
import { runSipp } from '../support/sipp.ts';

/** At each edge; a SIP server that is killed takes with it those that are in calls. */
const gatewaysEach = 150;
/** Calls a second at each of the two edges. */
const ratesPerSec = [3, 2] as const;
const holdMs = 4000;
const killEveryMs = 12_000;
/** Longer than a lock lasts, an edge's lease, and its grace, one after the other. */
const settledWithinMs = 420_000;

type Killed = Record<string, number>;

/**
 * Calls through two edges, while at random an edge's application, a SIP server or the table engine is killed; then what
 * the callers saw (SIPp) is held against the records, call by call.
 * @param seconds of the load
 */
export async function benchKills(seconds: number) {
  const data = await mkdtemp(join(tmpdir(), 'switchroom-kills-'));
  const run = await startPoolRun('--zones', '2', '--data', data);
  try {
    const { edges, domain } = run.stack;
    const pools = await Promise.all(
      edges.map(({ sip }, n) => startGateways({ sip, domain }, gatewaysEach, { from: n * gatewaysEach })),
    );
    const killed: Killed = {};
    const ended = new AbortController();
    const killing = kill(run, killed, ended.signal);
    const loads = await Promise.all(
      edges.map(({ sip }, n) => {
        const perSec = ratesPerSec[n] ?? 1;
        return runSipp({
          scenario: 'logged',
          sip,
          perSec,
          count: perSec * seconds,
          rows: [[domain]],
          pauseMs: holdMs,
          timeoutSec: seconds + 60,
        });
      }),
    );
    ended.abort();
    await killing;
    const left = await settled(run);
    const records = (await run.items('CALL#')) as unknown as Call[];
    const doubled = pools.reduce((sum, pool) => sum + pool.doubled(), 0);
    await Promise.all(pools.map((pool) => pool.stop()));
    const unexpected = loads.map((load) => load.unexpected);
    return {
      calls: loads.reduce((sum, { ok, failed }) => sum + ok + failed, 0),
      killed,
      doubled,
      left,
      unexpected,
      ...compared(
        loads.flatMap(({ logged }) => logged),
        records,
      ),
    };
  } finally {
    await run.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/** Kills one program after the other, each as `kill -9` does. */
async function kill({ stack }: PoolRun, killed: Killed, signal: AbortSignal): Promise<void> {
  const programs = [
    ...stack.edges.map(({ edgeId }) => ({ name: `edge ${edgeId}`, text: `EDGE_ID=${edgeId}\0` })),
    ...stack.edges.map(({ edgeId, sip }) => ({
      name: `SIP server of ${edgeId}`,
      text: `--sip\0${sip.host}:${sip.port}\0`,
    })),
    { name: 'table engine', text: 'dynoxide' },
  ];
  while (!signal.aborted) {
    await delay(killEveryMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const chosen = programs[Math.floor(Math.random() * programs.length)] as (typeof programs)[number];
    for (const pid of pidsWith(stack.pid, chosen.text)) process.kill(pid, 'SIGKILL');
    killed[chosen.name] = (killed[chosen.name] ?? 0) + 1;
  }
}

/** Waits until no call is open and no gateway is held. @returns what still is after long */
async function settled(run: PoolRun) {
  const look = async () => {
    const calls = await run.items('CALL#');
    const gateways = await run.items('GW#');
    return {
      openCalls: calls.filter(({ state }) => state !== 'ended').length,
      heldGateways: gateways.filter(({ lockedBy }) => lockedBy !== undefined).length,
    };
  };
  const from = Date.now();
  let left = await look();
  const isOver = async () => {
    left = await look();
    return left.openCalls + left.heldGateways === 0;
  };
  await until('nothing is held any more', isOver, settledWithinMs).catch(() => undefined);
  return { ...left, afterSec: Math.round((Date.now() - from) / 1000) };
}

/** What callers saw beside what is recorded. */
function compared(logged: readonly string[], records: readonly Call[]) {
  const callsThat = (what: string) =>
    new Set(
      logged.flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1).trim()] : [])),
    );
  const answered = callsThat('answered');
  const ended = callsThat('ended');
  const recorded = new Map(records.map((call) => [call.callId, call]));
  const count = (calls: Iterable<string>, holds: (callId: string) => boolean) =>
    [...calls].filter(holds).length;
  const byOutcome: Record<string, number> = {};
  for (const { outcome = 'none' } of records) byOutcome[outcome] = (byOutcome[outcome] ?? 0) + 1;
  return {
    answered: answered.size,
    /** Those whose callers hung up and got 200; an application that was killed in the call leaves 481 to be said. */
    ended: ended.size,
    records: byOutcome,
    answeredAndNotRecorded: count(answered, (id) => recorded.get(id)?.answeredAt === undefined),
    endedAndRecordedOtherwise: count(ended, (id) => recorded.get(id)?.outcome !== 'answered'),
    recordedAsAnsweredUnseen: records.filter(
      ({ callId, answeredAt }) => answeredAt !== undefined && !answered.has(callId),
    ).length,
  };
}
