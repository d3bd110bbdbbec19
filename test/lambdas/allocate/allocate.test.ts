import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { TableContention, TableUnavailable } from '../../../lambdas/domain/errors.ts';
import { callKey, gatewayKey } from '../../../lambdas/store/keys.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { countOperations } from '../support/operations.ts';
import { peer, World } from '../support/world.ts';

const engine = useTestTable();
let tableName: string;
let world: World;
beforeEach(async () => {
  tableName = await engine.createTable();
  world = new World(engine.client, tableName);
});

const gw = (n: number) => `10.0.0.${n}.mediagw.1`;

async function registerSome(count: number, expiresSec = 60): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const contacts = [{ uri: `sip:gw@10.0.0.${n}`, expiresSec }];
    await world.register({ username: gw(n), contacts });
  }
}

describe('a first attempt', () => {
  it('locks a free gateway for the call and says where it is', async () => {
    await registerSome(1);
    expect(await world.allocate({ callId: 'call-1', callerDialogId: 'dialog-1' })).toEqual({
      result: 'granted',
      username: gw(1),
      contact: 'sip:gw@10.0.0.1',
      received: peer,
      gatewayEdgeId: 'edge-1',
      attempt: 1,
      lockedUntil: world.nowMs + world.leaseMs,
    });
    expect(await world.gateway(gw(1))).toMatchObject({
      state: 'locked',
      lockedBy: 'call-1',
      lockedUntil: world.nowMs + world.leaseMs,
      availableAt: world.nowMs + world.leaseMs,
    });
    expect(await world.call('call-1')).toMatchObject({
      state: 'offered',
      gateway: gw(1),
      registrationId: 'reg-1',
      room: '1234',
      callerDialogId: 'dialog-1',
      watchKey: 'calls#edge-1',
    });
  });

  it('asked again gets the same gateway, however many are free', async () => {
    await registerSome(5);
    const first = await world.grant({ callId: 'call-1' });
    for (let i = 0; i < 5; i += 1) expect(await world.allocate({ callId: 'call-1' })).toEqual(first);
    const asked = await Promise.all([1, 2, 3, 4].map(() => world.allocate({ callId: 'call-2' })));
    for (const one of asked) expect(one).toEqual(asked[0]);
  });

  it('asked again gets the same gateway when no other is left', async () => {
    await registerSome(1);
    const first = await world.grant({ callId: 'call-1' });
    expect(await world.allocate({ callId: 'call-1' })).toEqual(first);
  });

  it('asked again after its lock lapsed gets no other and no lapsed one', async () => {
    await registerSome(2, 600);
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    expect(await world.allocate({ callId: 'call-1' })).toEqual({ result: 'refused', outcome: 'no-answer' });
  });

  it('that comes after its own CANCEL locks nothing', async () => {
    await registerSome(1);
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.allocate({ callId: 'call-1' })).toEqual({ result: 'refused', outcome: 'cancelled' });
    expect((await world.gateway(gw(1)))?.state).toBe('free');
  });

  it('takes a gateway whose lock lapsed unanswered', async () => {
    await registerSome(1, 600);
    await world.grant({ callId: 'call-1' });
    world.pass(120);
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
    world.pass(1);
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw(1) });
  });

  it('finds a free gateway in any shard', async () => {
    world = new World(engine.client, tableName, { freeShards: 5 });
    await registerSome(10);
    const granted = await Promise.all(
      Array.from({ length: 10 }, (_, n) => world.grant({ callId: `call-${n}` })),
    );
    expect(new Set(granted.map((one) => one.username)).size).toBe(10);
    expect(new Set((await freeShards()).values()).size).toBeGreaterThan(1);
  });
});

describe('callers at the same moment', () => {
  it('get a gateway each, and none is refused while one is free', async () => {
    await registerSome(40);
    const granted = await Promise.all(
      Array.from({ length: 40 }, (_, n) => world.grant({ callId: `call-${n}` })),
    );
    expect(new Set(granted.map((one) => one.username)).size).toBe(40);
  });

  it('more than there are gateways: the others are told that all are locked', async () => {
    await registerSome(5);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => world.allocate({ callId: `call-${n}` })),
    );
    expect(answers.filter((one) => one.result === 'granted')).toHaveLength(5);
    for (const one of answers.filter((answer) => answer.result !== 'granted')) {
      expect(one).toMatchObject({ outcome: 'pool-exhausted', cause: 'none-free' });
    }
  });
});

describe('a later attempt', () => {
  const rejected = (username: string) => ({ username, cause: 'rejected' as const, status: 486 });
  const silent = (username: string) => ({ username, cause: 'silent' as const });

  it('lets the gateway that rejected go and locks another', async () => {
    await registerSome(2);
    const first = await world.grant({ callId: 'call-1' });
    const second = await world.grant({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(second.username).not.toBe(first.username);
    expect(await world.gateway(first.username)).toMatchObject({ state: 'free', availableAt: world.nowMs });
    expect((await world.gateway(first.username))?.lockedBy).toBeUndefined();
    expect((await world.call('call-1'))?.attempts).toMatchObject([
      { attempt: 1, gateway: first.username, cause: 'rejected', status: 486 },
      { attempt: 2, gateway: second.username },
    ]);
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: first.username });
  });

  it('keeps the gateway that was silent out of the pool', async () => {
    await registerSome(2);
    const first = await world.grant({ callId: 'call-1' });
    await world.grant({ callId: 'call-1', attempt: 2, failed: [silent(first.username)] });
    const out = await world.gateway(first.username);
    expect(out?.state).toBe('silent');
    expect(out?.freeShard).toBeUndefined();
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
  });

  it('asked again gets the same gateway', async () => {
    await registerSome(4);
    const first = await world.grant({ callId: 'call-1' });
    const again = { callId: 'call-1', attempt: 2, failed: [rejected(first.username)] };
    const second = await world.grant(again);
    expect(await world.allocate(again)).toEqual(second);
    expect(await Promise.all([world.allocate(again), world.allocate(again)])).toEqual([second, second]);
  });

  it('never gets a gateway that failed this call, also when it is the only free one', async () => {
    await registerSome(1);
    const first = await world.grant({ callId: 'call-1' });
    const answer = await world.allocate({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(answer).toMatchObject({ result: 'refused', outcome: 'pool-exhausted' });
  });

  it('goes on where the lock of the one before had lapsed and was taken', async () => {
    await registerSome(1, 600);
    const first = await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.grant({ callId: 'call-2' });
    await world.register({ username: gw(2) });
    const second = await world.grant({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(second.username).toBe(gw(2));
    expect(await world.gateway(gw(1))).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });

  it('goes on without a record of the first', async () => {
    await registerSome(2);
    const answer = await world.grant({ callId: 'call-1', attempt: 2, failed: [silent(gw(1))] });
    expect(answer).toMatchObject({ username: gw(2), attempt: 2 });
  });

  it('an attempt that is over is not granted again', async () => {
    await registerSome(2);
    const first = await world.grant({ callId: 'call-1' });
    await world.grant({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(await world.allocate({ callId: 'call-1' })).toEqual({
      result: 'refused',
      outcome: 'gateway-failed',
    });
  });
});

describe('a gateway asked for by name', () => {
  it('is the one that is locked', async () => {
    await registerSome(5);
    expect(await world.grant({ callId: 'call-1', gateway: gw(3) })).toMatchObject({ username: gw(3) });
    expect(await world.gateway(gw(3))).toMatchObject({ state: 'locked', lockedBy: 'call-1' });
  });

  it('that is in a call is busy, though others are free; the call that has it gets it again', async () => {
    await registerSome(5);
    const first = await world.grant({ callId: 'call-1', gateway: gw(3) });
    expect(await world.allocate({ callId: 'call-2', gateway: gw(3) })).toEqual({
      result: 'refused',
      outcome: 'busy-everywhere',
    });
    expect(await world.allocate({ callId: 'call-1', gateway: gw(3) })).toEqual(first);
  });

  it('that is not there, or whose registration ran out, is not registered', async () => {
    const refused = { result: 'refused', outcome: 'not-registered' };
    expect(await world.allocate({ callId: 'call-1', gateway: gw(9) })).toEqual(refused);
    await registerSome(1);
    world.pass(61);
    expect(await world.allocate({ callId: 'call-1', gateway: gw(1) })).toEqual(refused);
  });

  it('is given to one of many who ask at once', async () => {
    await registerSome(1);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => world.allocate({ callId: `call-${n}`, gateway: gw(1) })),
    );
    expect(answers.filter((one) => one.result === 'granted')).toHaveLength(1);
  });
});

describe('no gateway', () => {
  it('says that none is registered, and writes nothing', async () => {
    expect(await world.allocate({ callId: 'call-1' })).toEqual({
      result: 'refused',
      outcome: 'pool-exhausted',
      cause: 'none-registered',
      retryAfterSec: 30,
    });
    expect(await world.call('call-1')).toBeUndefined();
  });

  it.each(['edge-1', 'edge-2'])('says that all are in a call, seen from %s', async (edgeId) => {
    await registerSome(1);
    await world.hangups();
    await world.grant({ callId: 'call-1' });
    const locked = await world.allocate({ callId: 'call-2', edgeId });
    expect(locked).toMatchObject({ cause: 'none-free', retryAfterSec: 5 });
    await world.say(world.answered('call-1', gw(1)));
    expect(await world.allocate({ callId: 'call-3', edgeId })).toMatchObject({ cause: 'none-free' });
  });
});

describe('registrations that ran out', () => {
  it('are not given, and are swept so that the next caller does not meet them', async () => {
    await registerSome(12);
    world.pass(61);
    await world.register({ username: gw(20) });
    // Registered last, so first of the page: made older, it stands behind the dead.
    await world.table.write({
      update: gatewayKey(gw(20)),
      set: { availableAt: world.nowMs - 120_000 },
      when: () => 'attribute_exists(pk)',
    });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: gw(20) });
    expect(world.warnings).toEqual([]);
    const answer = await world.allocate({ callId: 'call-2' });
    expect(answer).toMatchObject({ cause: 'none-free' });
    expect(await freeShards()).toHaveLength(1);
  });

  it('cost a few reads, not a try each', async () => {
    await registerSome(16);
    world.pass(61);
    const counted = countOperations(engine.client);
    world = Object.assign(new World(counted.client, tableName), { nowMs: world.nowMs });
    await world.allocate({ callId: 'call-1' });
    expect(counted.counts.TransactWriteItems).toBeLessThanOrEqual(2);
    // The page's gateways; then the call's record and the pool's.
    expect(counted.counts.BatchGetItem).toBe(2);
    counted.reset();
    await world.allocate({ callId: 'call-2' });
    expect(counted.counts.TransactWriteItems ?? 0).toBe(0);
  });

  it('do not hide the living behind more than a page of dead', async () => {
    await registerSome(40);
    world.pass(61);
    await world.register({ username: gw(50) });
    await world.table.write({
      update: gatewayKey(gw(50)),
      set: { availableAt: 1 },
      when: () => 'attribute_exists(pk)',
    });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: gw(50) });
  });
});

describe('an index that lags behind the table', () => {
  it('shows a gateway that moved: the grant says where it is now', async () => {
    await registerSome(1);
    const stale = { ...((await world.gateway(gw(1))) as object), contact: 'sip:old@host' };
    const lagging = withStaleIndex(stale);
    const answer = await lagging.allocate({ callId: 'call-1' });
    expect(answer).toMatchObject({ result: 'granted', contact: 'sip:gw@10.0.0.1' });
  });
});

describe('a table in trouble', () => {
  it('conflicting transactions are tried again', async () => {
    await registerSome(1);
    const failing = failingWorld(3, () => cancelled('TransactionConflict'));
    expect(await failing.allocate({ callId: 'call-1' })).toMatchObject({ result: 'granted' });
  });

  it('conflicts without end are a typed error', async () => {
    await registerSome(1);
    const failing = failingWorld(Number.POSITIVE_INFINITY, () => cancelled('TransactionConflict'));
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBeInstanceOf(TableContention);
  });

  it('throttling is a typed error', async () => {
    await registerSome(1);
    const failing = failingWorld(1, () => cancelled('ThrottlingError'));
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBeInstanceOf(TableUnavailable);
    expect((await world.gateway(gw(1)))?.state).toBe('free');
  });

  it('out of reach is a typed error', async () => {
    const nowhere = new DynamoDBClient({
      endpoint: 'http://127.0.0.1:1',
      region: 'local',
      maxAttempts: 1,
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    });
    const failing = new World(nowhere, tableName);
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBeInstanceOf(TableUnavailable);
    await expect(failing.register({ username: gw(1) })).rejects.toBeInstanceOf(TableUnavailable);
  });

  it('a reply lost after the lock: the next try of the edge finds it', async () => {
    await registerSome(3);
    const lost = new Error('socket hang up');
    const failing = failingWorld(1, () => lost, 'after');
    await expect(failing.allocate({ callId: 'call-1' })).rejects.toBe(lost);
    const locked = (await world.call('call-1'))?.gateway;
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: locked });
  });
});

it('a record that ran out is no record', async () => {
  await registerSome(1);
  await world.table.write({
    put: { pk: callKey({ callId: 'call-1' }), callId: 'call-1', version: 9, expiresAt: 1 },
  });
  expect(await world.grant({ callId: 'call-1' })).toMatchObject({ username: gw(1) });
});

async function freeShards(): Promise<string[]> {
  const page = await world.table.scan(() => 'attribute_exists(freeShard)');
  return page.items.map((item) => String(item.freeShard));
}

function newClient(): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: engine.endpoint,
    region: 'local',
    maxAttempts: 1,
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
  });
}

/** The engine never throttles and never conflicts: the SDK's answer is put in its place, the first times. */
function failingWorld(times: number, error: () => Error, when: 'before' | 'after' = 'before'): World {
  const client = newClient();
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
  const failing = new World(client, tableName);
  failing.nowMs = world.nowMs;
  return failing;
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
  const lagging = new World(engine.client, tableName);
  lagging.nowMs = world.nowMs;
  const query = lagging.deps.table.query;
  let first = true;
  lagging.deps.table.query = async (input) => {
    if (!first) return query(input);
    first = false;
    return { items: [{ ...item }] };
  };
  return lagging;
}
