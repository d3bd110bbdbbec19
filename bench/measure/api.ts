import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { handle } from 'hono/aws-lambda';
import { pathIdOf } from '../../lambdas/domain/views.ts';
import { type ApiAnswer, apiEvent } from '../../test/support/api-event.ts';
import { apiOver, openFullTable } from '../support/full-api.ts';
import { callIdOf, usernameOf } from '../support/full-table.ts';
import { summary } from '../support/stats.ts';

const samples = 12;
const hourMs = 3_600_000;

interface Units {
  requests: number;
  readUnits: number;
}

/**
 * Each page of the API over a table of 100,000 past calls and 5,000 gateways: the time of the function's work with the local
 * table engine, the processor time of the function alone, the requests to the table, and the read units that the engine
 * says they take.
 */
export async function benchApi() {
  const { engine, nowMs, size } = await openFullTable();
  try {
    const { client, units } = countingClient(engine.endpoint);
    const app = handle(apiOver(client, engine.tableName, () => nowMs));
    const ask = async (target: string) =>
      (await app(apiEvent(target) as unknown as Parameters<typeof app>[0])) as ApiAnswer;
    const pages = [];
    for (const target of targets(nowMs)) {
      const samplesMs: number[] = [];
      const cpuMs: number[] = [];
      let taken: Units = { requests: 0, readUnits: 0 };
      let found = 0;
      for (let n = 0; n < samples; n += 1) {
        Object.assign(units, { requests: 0, readUnits: 0 });
        const startedAt = performance.now();
        const cpuBefore = process.cpuUsage();
        const { statusCode, body } = await ask(target);
        const { user, system } = process.cpuUsage(cpuBefore);
        samplesMs.push(performance.now() - startedAt);
        cpuMs.push((user + system) / 1000);
        if (statusCode !== 200) throw new Error(`${target} answers ${statusCode}: ${body}`);
        taken = { ...units };
        found = (JSON.parse(body) as { items?: unknown[] }).items?.length ?? 1;
      }
      // The first ones compile and connect.
      const { p50Ms, maxMs } = summary(samplesMs.slice(2));
      const cpuP50Ms = summary(cpuMs.slice(2)).p50Ms;
      pages.push({ target: shown(target), items: found, p50Ms, maxMs, cpuP50Ms, ...taken });
    }
    client.destroy();
    return { ...size, pages };
  } finally {
    await engine.stop();
  }
}

/** Every route that reads, as people and pages ask it, and with the filters that find least. */
function targets(nowMs: number): string[] {
  const anHourAgo = new Date(nowMs - hourMs).toISOString();
  const aWeekAgo = new Date(nowMs - 7 * 24 * hourMs).toISOString();
  return [
    '/status',
    '/gateways',
    '/gateways?limit=200',
    '/gateways?state=busy&limit=200',
    `/gateways?username=${usernameOf(4999).slice(0, 32)}`,
    `/gateways/${usernameOf(7)}`,
    '/calls/live',
    '/calls/live?limit=200',
    '/calls/live?callId=nobody',
    '/calls',
    '/calls?limit=200',
    `/calls?from=${anHourAgo}`,
    `/calls?to=${aWeekAgo}`,
    '/calls?outcome=gateway-lost',
    '/calls?room=1007',
    '/calls?room=nowhere',
    '/calls?caller=nobody',
    `/calls?callId=${callIdOf(50_000)}`,
    '/calls?callId=nobody',
    `/calls/${pathIdOf({ callId: callIdOf(7), traceId: `1-6b094708-${(7).toString(16).padStart(24, '0')}` })}`,
    '/records?limit=200',
    '/failures',
    `/failures?by=caller&from=${anHourAgo}`,
    '/starts?limit=200',
    '/decisions?limit=200',
    '/audit?limit=200',
    '/edges',
    `/day?day=${new Date(nowMs).toISOString().slice(0, 10)}`,
    '/settings',
    '/pool/orders',
  ];
}

/** Without the times and ids of this run. */
const shown = (target: string) =>
  target.replaceAll(/=[^&]*\d{4}-\d{2}-\d{2}T[^&]*/g, '=…').replaceAll(/[0-9a-zA-Z]{20,}/g, '…');

function countingClient(endpoint: string) {
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const units: Units = { requests: 0, readUnits: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' });
      const result = await next(args);
      const { ConsumedCapacity } = result.output as { ConsumedCapacity?: unknown };
      units.requests += 1;
      for (const one of [ConsumedCapacity ?? []].flat() as { CapacityUnits?: number }[]) {
        units.readUnits += one.CapacityUnits ?? 0;
      }
      return result;
    },
    { step: 'initialize' },
  );
  return { client, units };
}
