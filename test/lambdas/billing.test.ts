import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mediaReportSchema } from '../../contracts/media-report.ts';
import { takeMediaReport } from '../../lambdas/functions/api/gateways/media-report.ts';
import { refreshGateways } from '../../lambdas/functions/register/refresh-gateways.ts';
import { toAttributes } from '../../lambdas/store/attributes.ts';
import { freeIndex, gatewayKey } from '../../lambdas/store/keys.ts';
import { reportBytes } from '../support/sip-media-gateway-report.ts';
import { tableDefinition } from '../support/table-definition.ts';
import { useTestTable } from '../support/use-test-table.ts';
import { type Counted, countOperations } from './support/operations.ts';
import { registerCommand, World } from './support/world.ts';

/* What AWS bills for: counted on the wire, so that a read or a write that slips in fails here. */

const engine = useTestTable();
let counted: Counted;
let world: World;
beforeAll(() => {
  counted = countOperations(engine.client);
});
afterAll(() => counted.client.destroy());
beforeEach(async () => {
  world = new World(counted.client, await engine.createTable());
});

const gw = (n: number) => `10.0.0.${n}.mediagw.1`;

describe('operations on the table', () => {
  it('of a refresh: one update', async () => {
    await world.register({ username: gw(1) });
    counted.reset();
    await world.register({ username: gw(1), cseq: 2, isKnown: true });
    expect(counted.counts).toEqual({ UpdateItem: 1 });
  });

  it('of a refresh in a call: one update', async () => {
    await world.register({ username: gw(1) });
    await world.grant({ callId: 'call-1' });
    counted.reset();
    await world.register({ username: gw(1), cseq: 2, isKnown: true });
    expect(counted.counts).toEqual({ UpdateItem: 1 });
  });

  it('of a refresh: nothing that the index of free gateways shows', async () => {
    await world.register({ username: gw(1) });
    const before = await world.gateway(gw(1));
    world.pass(30);
    await world.register({ username: gw(1), cseq: 2, isKnown: true });
    const after = await world.gateway(gw(1));
    const index = tableDefinition('x').GlobalSecondaryIndexes?.find((one) => one.IndexName === freeIndex);
    const shown = ['pk', 'freeShard', 'availableAt', ...(index?.Projection?.NonKeyAttributes ?? [])];
    for (const name of shown) {
      expect(after?.[name as 'contact'], name).toEqual(before?.[name as 'contact']);
    }
    expect(after?.expiresAt).not.toBe(before?.expiresAt);
  });

  it('of an uncontended call: one query and one transaction', async () => {
    for (let n = 1; n <= 20; n += 1) await world.register({ username: gw(n) });
    counted.reset();
    await world.grant({ callId: 'call-1' });
    expect(counted.counts).toEqual({ Query: 1, TransactWriteItems: 1 });
  });

  it('of a call that sees fewer than four gateways: a look at the queue more', async () => {
    for (let n = 1; n <= 3; n += 1) await world.register({ username: gw(n) });
    counted.reset();
    await world.grant({ callId: 'call-1' });
    expect(counted.counts).toEqual({ Query: 2, TransactWriteItems: 1 });
  });

  it('of the answer and of the end: one read of two items and one transaction each', async () => {
    await world.register({ username: gw(1) });
    await world.grant({ callId: 'call-1' });
    counted.reset();
    await world.say(world.answered('call-1', gw(1)));
    expect(counted.counts).toEqual({ BatchGetItem: 1, TransactWriteItems: 1 });
    counted.reset();
    await world.say(world.ended('call-1', gw(1)));
    expect(counted.counts).toEqual({ BatchGetItem: 1, TransactWriteItems: 1 });
  });

  it('of a media report: one query, one read and one write', async () => {
    await world.register({ username: gw(1) });
    await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', gw(1)));
    await world.say(world.ended('call-1', gw(1)));
    counted.reset();
    const report = JSON.parse(
      reportBytes.replaceAll('2026-11-30T15:33:03Z', new Date(world.nowMs).toISOString()),
    );
    report.call.details.destination.destinationGw = '';
    const deps = { ...world.deps, tellRecord: world.deps.tell };
    await takeMediaReport(mediaReportSchema.parse(report), gw(1), deps);
    expect(counted.counts).toEqual({ Query: 1, BatchGetItem: 1, PutItem: 1 });
  });

  it('of a first REGISTER: a look at the queue, and one transaction', async () => {
    counted.reset();
    await world.register({ username: gw(1) });
    expect(counted.counts).toEqual({ Query: 1, TransactWriteItems: 1 });
  });

  it('of an un-REGISTER: one delete', async () => {
    await world.register({ username: gw(1) });
    counted.reset();
    await world.unregister({ username: gw(1), cseq: 2 });
    expect(counted.counts).toEqual({ DeleteItem: 1 });
  });

  it('of refreshes that come together: one request', async () => {
    const commands = [1, 2, 3].map((n) => registerCommand({ username: gw(n), cseq: 2, isKnown: true }));
    for (const n of [1, 2, 3]) await world.register({ username: gw(n) });
    counted.reset();
    const answers = await refreshGateways(commands, world.deps);
    expect([...answers.values()]).toMatchObject(commands.map(() => ({ result: 'bindings', fresh: false })));
    expect(counted.counts).toEqual({ BatchExecuteStatement: 1 });
  });

  it('of a retransmitted REGISTER: no write that succeeds, and no second one', async () => {
    await world.register({ username: gw(1) });
    counted.reset();
    await world.register({ username: gw(1), isKnown: true });
    expect(counted.counts).toEqual({ UpdateItem: 1 });
  });

  it('of a call that an empty pool refuses: a few reads, no write', async () => {
    await world.allocate({ callId: 'call-1' });
    counted.reset();
    await world.allocate({ callId: 'call-1' });
    expect(counted.counts.TransactWriteItems).toBeUndefined();
    expect((counted.counts.Query ?? 0) + (counted.counts.GetItem ?? 0)).toBeLessThanOrEqual(5);
  });
});

it('an allocation costs the same with 10 and with 10,000 registered gateways', async () => {
  await world.register({ username: gw(1) });
  const template = await world.gateway(gw(1));
  const costs: unknown[] = [];
  let registered = 1;
  for (const count of [10, 10_000]) {
    while (registered < count) {
      const some = Array.from({ length: Math.min(25, count - registered) }, () => {
        registered += 1;
        const username = `10.0.${registered >> 8}.${registered & 255}.mediagw.1`;
        const availableAt = world.nowMs - registered;
        const item = { ...template, pk: gatewayKey(username), username, availableAt };
        return { PutRequest: { Item: toAttributes(item) } };
      });
      await engine.client.send(new BatchWriteItemCommand({ RequestItems: { [world.tableName]: some } }));
    }
    counted.reset();
    for (let n = 0; n < 5; n += 1) await world.grant({ callId: `call-${count}-${n}` });
    costs.push({ ...counted.counts });
  }
  expect(costs).toEqual([
    { Query: 5, TransactWriteItems: 5 },
    { Query: 5, TransactWriteItems: 5 },
  ]);
});
