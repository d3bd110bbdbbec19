import { afterAll, beforeAll, expect, it } from 'vitest';
import { callDynamoDb } from '../../../../local/aws/dynamodb/dynamodb.ts';
import { sweepPage } from '../../../../local/aws/dynamodb/expiry.ts';
import type { Json, JsonObject, Resource } from '../../../../local/aws/template.ts';
import { startTestTable, type TestTable } from '../../../support/dynamodb.ts';

const now = 1_800_000_000;
let engine: TestTable;

beforeAll(async () => {
  engine = await startTestTable();
});
afterAll(() => engine.stop());

async function tableWith(expired: number, living: number): Promise<Resource> {
  const ref = await engine.createTable();
  const put = (pk: string, expiresAt: number) =>
    callDynamoDb(engine.endpoint, 'PutItem', {
      TableName: ref,
      Item: { pk: { S: pk }, expiresAt: { N: String(expiresAt) } },
    });
  for (let n = 0; n < expired; n += 1) await put(`expired-${n}`, now - 1);
  for (let n = 0; n < living; n += 1) await put(`living-${n}`, now);
  const properties = {
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  };
  return { ref, properties } as unknown as Resource;
}

async function keysIn({ ref }: Resource): Promise<string[]> {
  const { Items } = await callDynamoDb(engine.endpoint, 'Scan', { TableName: ref });
  return (Items as JsonObject[]).map(({ pk }) => String((pk as JsonObject).S));
}

it('deletes what has expired, page after page, and nothing else', async () => {
  const table = await tableWith(60, 10);
  let from: Json | undefined;
  do from = await sweepPage(engine.endpoint, table, now, from);
  while (from !== undefined);
  const left = await keysIn(table);
  expect(left).toHaveLength(10);
  expect(left.join()).not.toContain('expired');
});

it('reads no more of a large table at once than of a small one, since the engine serves nobody meanwhile', async () => {
  const table = await tableWith(60, 0);
  expect(await sweepPage(engine.endpoint, table, now)).toBeDefined();
  expect(await keysIn(table)).toHaveLength(35);
});
