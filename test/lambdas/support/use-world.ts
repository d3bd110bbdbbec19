import { beforeEach } from 'vitest';
import type { TestTable } from '../../support/dynamodb.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { managed, World, type WorldOptions } from './world.ts';

let engine: TestTable;

/** That of the test which runs: each has its own. */
export let world: World;

/** Gives each test of a file a world of its own. @returns the engine of their tables */
export function useWorld(make: () => Promise<void> = newWorld): TestTable {
  engine = useTestTable();
  beforeEach(() => make());
  return engine;
}

/** Gives the test that runs another world, over an empty table. */
export async function newWorld(options: WorldOptions = {}): Promise<void> {
  world = new World(engine.client, await engine.createTable(), options);
}

/** The gateway that most stories need. */
export const gw = managed(1);
/** It is registered for longer than they last. */
export const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];

/** Gives the test that runs a world with this gateway. */
export async function oneGateway(afterCall: 'stop' | 'reuse' = 'stop'): Promise<void> {
  await newWorld({ afterCall });
  await world.register({ username: gw, contacts });
}
