import { describe, expect, it } from 'vitest';
import { NotTold } from '../../../lambdas/domain/errors.ts';
import { newWorld, useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

useWorld();

const callId = 'call-1';
const first = managed(1);
const second = managed(2);
const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 3600 }];
const lastRecord = () => world.records.at(-1);

/** A call that is answered by its second gateway, after a wait of 3 s for it, and talks for a minute. */
async function answeredCall() {
  await world.pool();
  const receivedAt = world.nowMs;
  expect(await world.allocate({ callId })).toMatchObject({ result: 'waiting' });
  world.pass(3);
  await world.register({ username: first, contacts });
  world.pass(1);
  await world.grant({ callId });
  world.pass(5);
  await world.register({ username: second, contacts });
  const failed = [{ username: first, cause: 'rejected', status: 486 } as const];
  await world.grant({ callId, attempt: 2, failed });
  world.pass(2);
  const answered = world.answered(callId, second, { receivedAt, ringingAt: world.nowMs - 500 });
  world.pass(60);
  return { receivedAt, answered, ended: world.ended(callId, second) };
}

describe('the record of a call that is over', () => {
  it('says who called where, when each step was, how it ended and what it took', async () => {
    const { receivedAt, answered, ended } = await answeredCall();
    await world.say(answered);
    expect(world.records).toEqual([]);
    await world.say(ended);
    expect(world.records).toEqual([
      {
        version: 1,
        type: 'call.record',
        id: Buffer.from(callId).toString('base64url'),
        revision: expect.any(Number),
        at: ended.at,
        callId,
        edgeId: 'edge-1',
        room: '1234',
        caller: expect.objectContaining({ uri: 'sip:room-system@example.org' }),
        gateway: second,
        outcome: 'answered',
        status: 200,
        endedBy: 'caller',
        receivedAt,
        waitingSince: receivedAt,
        offeredAt: receivedAt + 3000,
        ringingAt: answered.at - 500,
        answeredAt: answered.at,
        endedAt: ended.at,
        waitedSec: 3,
        talkSec: 60,
        // Six seconds of the one that was busy, and sixty-two of the other.
        gatewaySec: 68,
        attempts: [
          {
            attempt: 1,
            gateway: first,
            offeredAt: receivedAt + 3000,
            failedAt: receivedAt + 9000,
            cause: 'rejected',
            status: 486,
          },
          { attempt: 2, gateway: second, offeredAt: receivedAt + 9000 },
        ],
      },
    ]);
  });

  it('is the same, by the same revision, where the fact comes twice', async () => {
    const { answered, ended } = await answeredCall();
    for (const fact of [answered, ended, ended]) await world.say(fact);
    expect(world.records).toHaveLength(2);
    expect(world.records[1]).toEqual(world.records[0]);
  });

  it('comes again with a higher revision where a fact of before its end comes late', async () => {
    const { answered, ended } = await answeredCall();
    await world.say(ended);
    await world.say(answered);
    const [early, late] = world.records;
    expect(early).not.toHaveProperty('ringingAt');
    expect(late).toMatchObject({ id: early?.id, answeredAt: answered.at, talkSec: 60 });
    expect(late?.revision).toBeGreaterThan(early?.revision ?? 0);
  });

  it('is told once of facts that came together', async () => {
    const { answered, ended } = await answeredCall();
    await world.take([ended, answered] as never);
    expect(world.records).toMatchObject([{ answeredAt: answered.at, endedAt: ended.at }]);
  });

  it('is told by the next try where the bus did not take it', async () => {
    const { answered, ended } = await answeredCall();
    await world.say(answered);
    const { tell } = world.deps;
    world.deps.tell = () => Promise.reject(new NotTold('the bus is away'));
    await expect(world.say(ended)).rejects.toThrow(NotTold);
    world.deps.tell = tell;
    await world.say(ended);
    expect(world.records).toMatchObject([{ outcome: 'answered', talkSec: 60 }]);
  });

  it('of a call that never had a gateway has the status that the caller was answered', async () => {
    await world.say({
      type: 'call.failed',
      callId,
      outcome: 'pool-exhausted',
      failed: [],
      detail: 'none-free',
    });
    expect(world.records).toMatchObject([
      { outcome: 'pool-exhausted', status: 503, detail: 'none-free', gatewaySec: 0, attempts: [] },
    ]);
  });

  it('of a call that a gateway refused for what it asks has the status of the gateway', async () => {
    await world.register({ username: first, contacts });
    await world.grant({ callId });
    const failed = [{ username: first, cause: 'rejected', status: 415 } as const];
    await world.say({ type: 'call.failed', callId, outcome: 'rejected', gateway: first, failed });
    expect(lastRecord()).toMatchObject({ outcome: 'rejected', status: 415 });
  });
});

describe('the record of a call that no fact has ended', () => {
  it('is told by the sweep, once', async () => {
    await world.register({ username: first, contacts });
    await world.grant({ callId });
    await world.say(world.answered(callId, first));
    await world.lose(first);
    expect(world.records).toEqual([]);
    await world.sweep();
    await world.sweep();
    expect(world.records).toMatchObject([{ outcome: 'gateway-lost', detail: 'task stopped' }]);
    expect(await world.call(callId)).not.toHaveProperty('recordDue');
  });

  it('is told by the next sweep where the bus did not take it', async () => {
    await world.hangups('edge-1', { leaseSec: 15 });
    await world.register({ username: first, contacts });
    await world.grant({ callId });
    world.pass(20);
    const { tell } = world.deps;
    world.deps.tell = () => Promise.reject(new NotTold('the bus is away'));
    await expect(world.sweep()).rejects.toThrow(NotTold);
    world.deps.tell = tell;
    await world.sweep();
    expect(world.records).toMatchObject([{ outcome: 'edge-lost', endedBy: 'sweep' }]);
  });

  it('is replaced by what its edge tells', async () => {
    await newWorld({ afterCall: 'reuse' });
    await world.hangups('edge-1', { leaseSec: 15 });
    await world.register({ username: first, contacts });
    await world.grant({ callId });
    await world.say(world.answered(callId, first));
    world.pass(20);
    await world.sweep();
    await world.sweep();
    await world.say(world.ended(callId, first));
    expect(world.records).toMatchObject([
      { outcome: 'edge-lost', endedBy: 'sweep' },
      { outcome: 'answered', endedBy: 'caller' },
    ]);
    expect(world.records[1]?.revision).toBeGreaterThan(world.records[0]?.revision ?? 0);
  });
});
