import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { demandMinutes } from '../../lambdas/domain/demand/forecast.ts';
import { noStartsYet } from '../../lambdas/domain/fleet/breaker.ts';
import { decide } from '../../lambdas/domain/fleet/decide.ts';
import { parsePolicy } from '../../lambdas/domain/fleet/read-policy.ts';
import type { FleetPolicy } from '../../lambdas/domain/fleet/types.ts';
import { decideAndAct } from '../../lambdas/functions/fleet/decide-and-act.ts';
import { type Item, toAttributes } from '../../lambdas/store/attributes.ts';
import { gatewayKey, poolKey } from '../../lambdas/store/keys.ts';
import { FleetWorld } from '../../test/lambdas/fleet/fleet-world.ts';
import { taskId, managed as usernameOf } from '../../test/lambdas/support/world.ts';
import { startTestTable, type TestTable } from '../../test/support/dynamodb.ts';
import { profileBefore } from '../simulate/day/history.ts';
import { readTrace } from '../simulate/day/trace.ts';
import { summary } from '../support/stats.ts';

const sizes = [10, 1000, 10_000];
const runs = 50;
const warmUp = 10;
const minFree = 10;
const timeZone = 'Europe/Paris';

const timeline = policyOf({
  policy: 'timeline',
  timeline: { auto_scale_threshold: { default: { '00:00:00': { unlockedMin: minFree, loadMax: 1 } } } },
});
const predictive = policyOf({ policy: 'predictive', minFree });

function policyOf(policy: object): FleetPolicy {
  return parsePolicy(policy, { timeZone, maxGateways: 20_000, startSec: 120, gateways: 'single-use' });
}

/** What one decision costs, by the number of registered gateways: the pure function, and a run of the fleet function. */
export async function benchFleet() {
  const engine = await startTestTable();
  try {
    return { decide: timeDecide(), run: await timeRuns(engine) };
  } finally {
    await engine.stop();
  }
}

/** `decide()` with ten thousand gateways, and all that the predictive policy can know. */
function timeDecide() {
  const nowMs = Date.parse('2026-11-24T10:00:00+01:00');
  const counts = {
    free: 100,
    unmanaged: 0,
    locked: 50,
    busy: 9780,
    held: 0,
    draining: 20,
    starting: 50,
  };
  const trace = readTrace(`${import.meta.dirname}/../simulate/sample.csv`);
  const profile = profileBefore(trace, '2026-11-24', timeZone, { seed: 1, days: 28, holidays: 0 });
  const demand = { perMinute: Array.from({ length: demandMinutes }, (_, i) => 20 + (i % 7)) };
  const time = (policy: FleetPolicy) => {
    const samplesMs: number[] = [];
    for (let i = 0; i < 2000; i += 1) {
      const begun = performance.now();
      decide({
        nowMs: nowMs + i * 1000,
        policy,
        counts,
        waiting: 30,
        recentStarts: noStartsYet,
        memory: {},
        ...(policy.policy === 'predictive' && profile && { demand, profile }),
      });
      samplesMs.push(performance.now() - begun);
    }
    return summary(samplesMs, 3);
  };
  return { gateways: 10_000, timeline: time(timeline), predictive: time(predictive) };
}

/** How a pool stands, and the policy that decides on it. */
const pools = {
  /** All but ten in calls. */
  'in calls': { policy: timeline, free: () => minFree },
  /** The policy wants ten of them. */
  'all free': { policy: timeline, free: (size: number) => size },
  /** It wants a free one for ten in calls. */
  'a tenth free, predictive': {
    policy: predictive,
    free: (size: number) => Math.max(minFree, Math.ceil(size / 11)),
  },
};

async function timeRuns(engine: TestTable) {
  const rows: object[] = [];
  for (const [pool, { policy, free }] of Object.entries(pools)) {
    for (const size of sizes) {
      const tableName = await engine.createTable();
      await fill(engine.client, tableName, size, free(size));
      const { client, spent } = countingClient(engine.endpoint);
      const world = new FleetWorld(client, tableName);
      const samplesMs: number[] = [];
      let report: unknown;
      for (let i = 0; i < warmUp + runs; i += 1) {
        if (i === warmUp) spent.clear();
        // A moment after the last look none is put off.
        world.pass(0.5);
        const begun = performance.now();
        report = await decideAndAct({ name: 'call.ended', tick: false }, { ...world.fleet, policy });
        if (i >= warmUp) samplesMs.push(performance.now() - begun);
      }
      client.destroy();
      const { rule, started, drained } = report as Record<string, unknown>;
      rows.push({
        pool,
        gateways: size,
        rule,
        started,
        drained,
        ...spent.perRun(runs),
        ...summary(samplesMs),
      });
    }
  }
  return rows;
}

/** Gateways as the functions make them: one is registered, one is called, and the others are the same with other names. */
async function fill(client: DynamoDBClient, tableName: string, size: number, free: number): Promise<void> {
  const world = new FleetWorld(client, tableName);
  await world.register({ username: usernameOf(1) });
  const freeOne = (await world.gateway(usernameOf(1))) as unknown as Item;
  const callId = 'bench';
  const { username } = await world.grant({ callId });
  const dialogs = { callerDialogId: 'a', gatewayDialogId: 'b' };
  const fact = { callId, gateway: username, receivedAt: world.nowMs, ...dialogs } as const;
  await world.say({ type: 'call.answered', ...fact });
  const busyOne = (await world.gateway(usernameOf(1))) as unknown as Item;
  const items = Array.from({ length: size }, (_, i): Item => {
    const of = { pk: gatewayKey(usernameOf(i + 1)), username: usernameOf(i + 1), taskId: taskId(i + 1) };
    return { ...(i < free ? freeOne : busyOne), ...of };
  });
  for (let at = 0; at < items.length; at += 25) {
    const puts = items.slice(at, at + 25).map((item) => ({ PutRequest: { Item: toAttributes(item) } }));
    const written = await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: puts } }));
    if (Object.keys(written.UnprocessedItems ?? {}).length > 0) throw new Error('not all items were written');
  }
  await world.table.write({ update: poolKey, set: { managed: size } });
}

/** A client that asks with each request what it consumes. */
function countingClient(endpoint: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials });
  let requests = 0;
  let readUnits = 0;
  let writeUnits = 0;
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const answer = await next({
          ...args,
          input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } as never,
        });
        const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: Consumed | Consumed[] };
        const units = [ConsumedCapacity ?? []].flat().reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0);
        requests += 1;
        if (/^(Get|BatchGet|Query|Scan)/.test(commandName)) readUnits += units;
        else writeUnits += units;
        return answer;
      },
    { step: 'initialize', name: 'consumed' },
  );
  const spent = {
    clear() {
      requests = readUnits = writeUnits = 0;
    },
    perRun: (count: number) => ({
      requests: requests / count,
      readUnits: readUnits / count,
      writeUnits: writeUnits / count,
    }),
  };
  return { client, spent };
}

type Consumed = { CapacityUnits?: number };
