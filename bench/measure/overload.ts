import { setTimeout as delay } from 'node:timers/promises';
import { type Gateways, startGateways } from '../support/gateways.ts';
import { memoryMb } from '../support/processes.ts';
import { type LoadResult, runSipp } from '../support/sipp.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { summary } from '../support/stats.ts';

/** So many that a call never lacks one. */
const gateways = 300;
const holdMs = 500;
/** The search for what it carries: at rising rates, until it answers less than this share of the calls. */
const ratesPerSec = [20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160, 180, 200];
const carried = 0.95;
const searchSec = 10;
/** Who waits longer for an answer has hung up. */
const patienceMs = 3000;
const multiples = [0.5, 1, 1.5, 2, 3, 4];
/** After the most: half of what it carries. */
const recoverySec = 15;
/** Gateways come back by themselves, where they were refused. */
const backMs = 40_000;

/** Timers of bench/support/sipp/overload.xml. */
const [answered, shed, noGateway] = [1, 2, 3] as const;

type Summary = ReturnType<typeof summary>;

/** One load of calls. */
export interface OverloadRow {
  perSec: number;
  /** Answered in time. */
  goodputPerSec: number;
  answered: Summary;
  /** Refused for overload, at once. */
  shed: Summary;
  /** Refused for any other reason, by 503. */
  noGateway: Summary;
  /** Neither answered nor refused so, and why. */
  failed: number;
  unexpected: Record<string, number>;
}

export interface OverloadRun {
  capacityPerSec: number;
  loads: (OverloadRow & { memoryMb: number })[];
  /** At half the capacity, after the last load: when the last call was not answered in time, seconds from its start. */
  recovery: OverloadRow & { afterSec: number };
  /** REGISTERs that came to nothing and were tried again; gateways that are not registered in the end. */
  refusedRegisters: number;
  lost: number;
  doubleLocks: number;
}

/** This version, and where asked for another, at the same rates. */
export interface Overload {
  here: OverloadRun;
  before: OverloadRun | undefined;
}

/**
 * Calls at up to four times what the run carries, one load after the other: how many are answered in time, how soon the
 * others are refused, whether gateways lose their registration, and how long it takes to be as before.
 * @param seconds of each load
 * @param beside directory of a checkout of another commit, loaded after this one as this one was
 */
export async function benchOverload(seconds: number, beside: string | undefined): Promise<Overload> {
  const here = await measure(seconds, undefined, undefined);
  const before = beside === undefined ? undefined : await measure(seconds, beside, here.capacityPerSec);
  return { here, before };
}

async function measure(
  seconds: number,
  checkout: string | undefined,
  knownPerSec: number | undefined,
): Promise<OverloadRun> {
  const stack = await startStack([], {}, undefined, checkout);
  try {
    const pool = await startGateways(stack, gateways);
    try {
      // A service in use is warm: code compiled, connections open.
      await call(stack, 20, 20);
      const capacityPerSec = knownPerSec ?? (await findCapacity(stack));
      const loads = [];
      for (const times of multiples) {
        const row = await load(stack, capacityPerSec * times, seconds);
        const memory = Object.values(memoryMb(stack.pid)).reduce((sum, mb) => sum + mb, 0);
        loads.push({ ...row, memoryMb: Math.round(memory) });
      }
      const recovery = await recover(stack, capacityPerSec / 2);
      await backAgain(pool);
      const [refusedRegisters, doubleLocks] = [pool.failures(), pool.doubled()];
      return {
        ...{ capacityPerSec, loads, recovery },
        ...{ refusedRegisters, lost: gateways - pool.live(), doubleLocks },
      };
    } finally {
      await pool.stop();
    }
  } finally {
    await stack.stop();
  }
}

const call = ({ sip, domain }: Stack, perSec: number, seconds: number): Promise<LoadResult> =>
  runSipp({
    scenario: 'overload',
    sip,
    rows: [[domain]],
    pauseMs: holdMs,
    perSec,
    count: Math.round(perSec * seconds),
    timeoutSec: seconds + 60,
  });

async function findCapacity(stack: Stack): Promise<number> {
  let bestPerSec = ratesPerSec[0] as number;
  for (const perSec of ratesPerSec) {
    const { goodputPerSec } = await load(stack, perSec, searchSec);
    if (goodputPerSec < carried * perSec) break;
    bestPerSec = perSec;
  }
  return bestPerSec;
}

async function load(stack: Stack, perSec: number, seconds: number): Promise<OverloadRow> {
  const row = rowOf(await call(stack, perSec, seconds), perSec, seconds);
  process.stderr.write(`overload: ${row.goodputPerSec} of ${perSec} calls a second …\n`);
  return row;
}

function rowOf({ timed, failed, unexpected }: LoadResult, perSec: number, seconds: number): OverloadRow {
  const timesOf = (timer: number) => timed.filter((one) => one.timer === timer).map(({ ms }) => ms);
  const inTime = timesOf(answered).filter((ms) => ms <= patienceMs).length;
  return {
    perSec,
    goodputPerSec: Math.round((inTime / seconds) * 10) / 10,
    answered: summary(timesOf(answered)),
    shed: summary(timesOf(shed)),
    noGateway: summary(timesOf(noGateway)),
    failed,
    unexpected,
  };
}

async function recover(stack: Stack, perSec: number): Promise<OverloadRun['recovery']> {
  const startedAt = Date.now();
  const result = await call(stack, perSec, recoverySec);
  const bad = result.timed.filter(({ timer, ms }) => timer !== answered || ms > patienceMs);
  const lastAt = Math.max(startedAt, ...bad.map(({ at }) => at));
  return { afterSec: (lastAt - startedAt) / 1000, ...rowOf(result, perSec, recoverySec) };
}

async function backAgain(pool: Gateways): Promise<void> {
  const deadline = Date.now() + backMs;
  while (pool.live() < gateways && Date.now() < deadline) await delay(100);
}
