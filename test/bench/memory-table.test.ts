import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryTable } from '../../bench/chaos/aws/memory-table.ts';
import type { Item } from '../../lambdas/store/attributes.ts';
import {
  above,
  allOf,
  anyOf,
  atMost,
  below,
  type Condition,
  differs,
  equals,
  missing,
  present,
  startsWith,
} from '../../lambdas/store/conditions.ts';
import { callsIndex, freeIndex, gatewaysIndex, watchIndex } from '../../lambdas/store/keys.ts';
import { openTable, type QueryInput, type Table } from '../../lambdas/store/table.ts';
import type { Update, Write } from '../../lambdas/store/transaction.ts';
import { startTestTable, type TestTable } from '../support/dynamodb.ts';

/* The table that days of chaos are played on answers as the real engine does. */

let engine: TestTable;
beforeAll(async () => {
  engine = await startTestTable();
});
afterAll(() => engine.stop());

const pk = fc.constantFrom('A', 'B', 'C', 'D');
const attribute = fc.constantFrom('state', 'lockedBy', 'availableAt', 'watchAt', 'received', 'freeShard');
const value = fc.oneof(
  fc.nat(3),
  fc.constantFrom('x', 'y', 'xy', ''),
  fc.record({ address: fc.constantFrom('a', 'b'), port: fc.nat(1) }),
  fc.constantFrom(new Set(['a']), new Set(['a', 'b'])),
);
const attributes: fc.Arbitrary<Item> = fc.record(
  {
    state: fc.constantFrom('free', 'locked'),
    lockedBy: fc.constantFrom('x', 'y', 'xy'),
    received: fc.record({ address: fc.constantFrom('a', 'b'), port: fc.nat(1) }),
    contactUris: fc.constantFrom(new Set(['a']), new Set(['a', 'b'])),
    freeShard: fc.constantFrom('free#0', 'free#1'),
    availableAt: fc.nat(3),
    watchKey: fc.constantFrom('w', 'v'),
    watchAt: fc.nat(3),
    callId: fc.constantFrom('c1', 'c2'),
    gateway: fc.constantFrom('g1', 'g2'),
    offeredAt: fc.nat(3),
    username: fc.constantFrom('gw1', 'gw2'),
  },
  { requiredKeys: [] },
);
const simple: fc.Arbitrary<Condition> = fc.oneof(
  fc
    .tuple(fc.constantFrom(equals, differs, below, atMost, above), attribute, value)
    .map(([of, name, one]) => of(name, one)),
  fc.tuple(fc.constantFrom(missing, present), attribute).map(([of, name]) => of(name)),
  fc.constantFrom('x', 'f').map((prefix) => startsWith('lockedBy', prefix)),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  simple,
  fc
    .tuple(fc.constantFrom(allOf, anyOf), simple, fc.array(simple, { maxLength: 2 }))
    .map(([of, one, more]) => of(one, ...more)),
  fc.tuple(simple, simple, simple).map(([a, b, c]) => anyOf(a, allOf(b, c))),
);
const removable = fc.constantFrom('state', 'lockedBy', 'freeShard', 'availableAt', 'watchKey', 'watchAt');
const when = fc.option(condition, { nil: undefined });
const withWhen = <T extends object>(write: T, given: Condition | undefined) =>
  given === undefined ? write : { ...write, when: given };
const put = fc
  .tuple(pk, attributes, when)
  .map(([key, item, given]) => withWhen({ put: { pk: key, ...item } }, given));
const update = fc
  .tuple(pk, attributes, fc.uniqueArray(removable, { maxLength: 2 }), when)
  .map(([key, set, remove, given]) => {
    // An attribute may be named once in an update.
    const rest = remove.filter((name) => !(name in set));
    return withWhen({ update: key, set: { ...set, touched: 1 }, remove: rest, add: { count: 1 } }, given);
  });
const removal = fc.tuple(pk, condition).map(([key, given]) => ({ delete: key, when: given }));
const check = fc.tuple(pk, condition).map(([key, given]) => ({ check: key, when: given }));
const single = fc.oneof(put, update, removal) as fc.Arbitrary<Exclude<Write, { check: string }>>;
const transaction = fc.uniqueArray(fc.oneof(put, update, removal, check) as fc.Arbitrary<Write>, {
  minLength: 1,
  maxLength: 3,
  selector: (write) => ('put' in write ? write.put.pk : Object.values(write)[0]),
});
// Of what is there: to PartiQL, what is missing differs from nothing.
const comparison: fc.Arbitrary<Condition> = fc
  .tuple(fc.constantFrom(equals, below, above), attribute, fc.constantFrom('x', 'y', 1, 2))
  .map(([of, name, one]) => allOf(of(name, one), differs('pk', 'Z')));
const statements: fc.Arbitrary<Update[]> = fc.uniqueArray(
  fc
    .tuple(pk, attributes, fc.array(comparison, { minLength: 1, maxLength: 3 }))
    .map(([key, set, [one, ...more]]): Update => {
      return { update: key, set: { ...set, touched: 2 }, when: allOf(one as Condition, ...more) };
    }),
  { minLength: 1, maxLength: 3, selector: ({ update: key }) => key },
);
const range = fc.option(
  fc.tuple(fc.constantFrom(atMost, above, below), fc.nat(3)).map(([of, at]) => of('sort', at)),
  { nil: undefined },
);
const query = fc
  .tuple(
    fc.constantFrom(freeIndex, watchIndex, callsIndex, gatewaysIndex),
    fc.boolean(),
    fc.integer({ min: 1, max: 3 }),
    range,
  )
  .map(([index, newestFirst, limit, of]): QueryInput => {
    const key = { free: 'free#0', watch: 'w', calls: 'c1', gateways: 'g1' }[index as 'free'];
    const names = { free: 'freeShard', watch: 'watchKey', calls: 'callId', gateways: 'gateway' }[
      index as 'free'
    ];
    const sort = { free: 'availableAt', watch: 'watchAt', calls: undefined, gateways: 'offeredAt' }[
      index as 'free'
    ];
    const named: Condition | undefined =
      of && sort
        ? (in_) => of({ ...in_, name: () => in_.name(sort), value: (one) => in_.value(one) })
        : undefined;
    return { index, key: [names, key], newestFirst, limit, ...(named && { range: named }) };
  });
const step = fc.oneof(
  { weight: 4, arbitrary: single.map((write) => async (table: Table) => table.write(write)) },
  { weight: 3, arbitrary: transaction.map((writes) => async (table: Table) => table.transact(writes)) },
  {
    weight: 2,
    arbitrary: statements.map((updates) => async (table: Table) => table.updateEach(updates)),
  },
  { weight: 2, arbitrary: query.map((input) => (table: Table) => readOn(table, input)) },
  {
    weight: 1,
    arbitrary: query.map((input) => (table: Table) => table.count({ ...input, limit: 10 }, present('pk'))),
  },
  { weight: 1, arbitrary: fc.constant((table: Table) => table.getMany(['A', 'B', 'C', 'D']).then(sorted)) },
  {
    weight: 1,
    arbitrary: condition.map(
      (given) => (table: Table) => table.scan(given).then((page) => sorted(page.items)),
    ),
  },
);

/** All pages of a query. Where the sort keys are the same, DynamoDB promises no order. */
async function readOn(table: Table, input: QueryInput): Promise<unknown> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const page = await table.query({ ...input, from });
    items.push(...page.items);
    from = page.next;
  } while (from !== undefined);
  const order = items.map(({ availableAt, watchAt }) => availableAt ?? watchAt);
  return { order, items: sorted(items) };
}

function sorted(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => (String(a.pk) < String(b.pk) ? -1 : 1));
}

it('takes a map without a prototype for the same map', async () => {
  const memory = new MemoryTable();
  const received = { address: 'a', port: 0 };
  await memory.write({ put: { pk: 'A', received } });
  const same = Object.assign(Object.create(null), received);
  expect(await memory.write({ delete: 'A', when: equals('received', same) })).toMatchObject({ done: true });
});

it('answers the same as the real engine', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const real = openTable(engine.client, await engine.createTable());
      const memory = new MemoryTable();
      for (const one of steps) expect(await one(memory)).toEqual(await one(real));
    }),
    { numRuns: 60 },
  );
});
