import { afterAll, beforeAll } from 'vitest';
import { startTestTable, type TestTable } from './dynamodb.ts';

/** The table engine of a file's tests: it is there from before the first of them until after the last. */
export function useTestTable(): TestTable {
  const engine = {} as TestTable;
  beforeAll(async () => {
    Object.assign(engine, await startTestTable());
  });
  afterAll(() => engine.stop?.());
  return engine;
}
