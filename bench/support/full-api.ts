import { randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lambdas/domain/time.ts';
import { apiApp } from '../../lambdas/functions/api/app.ts';
import { openTable } from '../../lambdas/store/table.ts';
import { startTestTable } from '../../test/support/dynamodb.ts';
import { fillTable } from './full-table.ts';

const size = { pastCalls: 100_000, gateways: 5000, busy: 1500 };

/** A table engine with 100,000 past calls and 5,000 gateways. `nowMs`: when it was so. */
export async function openFullTable() {
  const engine = await startTestTable();
  const nowMs = Date.now();
  const items = await fillTable(engine.client, engine.tableName, { nowMs, ...size });
  process.stderr.write(`${items} items are there …\n`);
  return { engine, nowMs, size: { items, ...size } };
}

/** The API over a table, as an operator of it asks. */
export function apiOver(client: DynamoDBClient, tableName: string, now: Clock) {
  return apiApp({
    table: openTable(client, tableName),
    now,
    freeShards: 1,
    roles: { claim: 'roles', viewer: 'viewer', operator: 'operator' },
    settings: {
      afterCall: 'stop',
      lockLeaseSec: 120,
      waitLimitSec: 90,
      edgeLostGraceSec: 60,
      poolMax: 5000,
      poolTimeZone: 'UTC',
      poolPolicy: { policy: 'timeline' },
    },
    stopTask: async () => undefined,
    tell: async () => undefined,
    tellRecord: async () => undefined,
    reportSecrets: async () => [],
    measure: () => undefined,
    refused: () => undefined,
    newId: () => randomBytes(8).toString('hex'),
    failed: (error) => {
      throw error;
    },
  });
}
