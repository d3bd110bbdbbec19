import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { TableContention, TableUnavailable } from '../../../lambdas/domain/errors.ts';
import { useWorld, world } from '../support/use-world.ts';
import type { World } from '../support/world.ts';
import { gw, registerSome } from './support.ts';

const engine = useWorld();

describe('an index that lags behind the table', () => {
  it('shows a gateway that moved: the grant says where it is now', async () => {
    await registerSome(world, 1);
    const stale = { ...((await world.gateway(gw(1))) as object), contact: 'sip:old@host' };
    const lagging = withStaleIndex(stale);
    const answer = await lagging.allocate({ callId: 'call-1' });
    expect(answer).toMatchObject({ result: 'granted', contact: 'sip:gw@10.0.0.1' });
  });
});

describe('a table in trouble', () => {
  it('conflicting transactions are tried again', async () => {
    await registerSome(world, 1);
    const failing = failingWorld(3, () => cancelled('TransactionConflict'));
    expect(await failing.allocate({ callId: 'call-1' })).toMatchObject({ result: 'granted' });
  });

  it('conflicts without end are a typed error', async () => {
    await registerSome(world, 1);
    const failing = failingWorld(Number.POSITIVE_INFINITY, () => cancelled('TransactionConflict'));
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBeInstanceOf(TableContention);
  });

  it('throttling is a typed error', async () => {
    await registerSome(world, 1);
    const failing = failingWorld(1, () => cancelled('ThrottlingError'));
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBeInstanceOf(TableUnavailable);
    expect((await world.gateway(gw(1)))?.state).toBe('free');
  });

  it('out of reach is a typed error', async () => {
    const failing = world.beside(clientOf('http://127.0.0.1:1'));
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBeInstanceOf(TableUnavailable);
    await expect(failing.register({ username: gw(1) })).rejects.toBeInstanceOf(TableUnavailable);
  });

  it('a reply lost after the lock: the next try of the edge finds it', async () => {
    await registerSome(world, 3);
    const lost = new Error('socket hang up');
    const failing = failingWorld(1, () => lost, 'after');
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBe(lost);
    const locked = (await world.call('call-1'))?.gateway;
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: locked });
  });
});

/** A client that tries once. */
function clientOf(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'local',
    maxAttempts: 1,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
}

/** The engine never throttles and never conflicts: the SDK's answer is put in its place, the first times. */
function failingWorld(times: number, error: () => Error, when: 'before' | 'after' = 'before'): World {
  const client = clientOf(engine.endpoint);
  let left = times;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== 'TransactWriteItemsCommand' || left <= 0) return next(args);
      left -= 1;
      if (when === 'after') await next(args);
      throw error();
    },
    { step: 'initialize' },
  );
  return world.beside(client);
}

function cancelled(code: string): Error {
  return new TransactionCanceledException({
    message: 'cancelled',
    $metadata: {},
    CancellationReasons: [{ Code: code }, { Code: 'None' }],
  });
}

/** A world whose first look into the index shows an old image. */
function withStaleIndex(item: object): World {
  const lagging = world.beside();
  const query = lagging.deps.table.query;
  let first = true;
  lagging.deps.table.query = async (input) => {
    if (!first) return query(input);
    first = false;
    return { items: [{ ...item }] };
  };
  return lagging;
}
