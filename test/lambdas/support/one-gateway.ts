import type { TestTable } from '../../support/dynamodb.ts';
import { managed, World } from './world.ts';

/** The gateway that most stories need. */
export const gw = managed(1);
/** It is registered for longer than they last. */
export const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];

/** @returns a world with this gateway in a table of its own */
export async function oneGateway(engine: TestTable, afterCall: 'stop' | 'reuse' = 'stop'): Promise<World> {
  const world = new World(engine.client, await engine.createTable(), { afterCall });
  await world.register({ username: gw, contacts });
  return world;
}
