import { beforeEach, describe, expect, it } from 'vitest';
import type { Fact } from '../../../contracts/facts.ts';
import { useTestTable } from '../../support/use-test-table.ts';
import { managed, taskId, World } from '../support/world.ts';

const engine = useTestTable();
let world: World;
beforeEach(() => newWorld('stop'));

async function newWorld(afterCall: 'stop' | 'reuse'): Promise<void> {
  world = new World(engine.client, await engine.createTable(), { afterCall });
  await world.register({ username: gw, contacts: [{ uri: 'sip:gw@10.0.0.7', expiresSec: 600 }] });
}

const gw = managed(1);

const answered = (callId = 'call-1', gateway = gw) =>
  world.answered(callId, gateway, { receivedAt: world.nowMs - 300, ringingAt: world.nowMs - 100 });
const ended = (callId = 'call-1', outcome: 'answered' | 'gateway-lost' = 'answered') =>
  world.ended(callId, gw, { outcome });

describe('call.answered', () => {
  it('makes the gateway the call’s own, out of the pool, without an end', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    const busy = await world.gateway(gw);
    expect(busy).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
    for (const gone of ['lockedUntil', 'freeShard', 'availableAt']) expect(busy).not.toHaveProperty(gone);
    world.pass(500);
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
    expect(await world.call('call-1')).toMatchObject({
      state: 'answered',
      callerDialogId: 'call-1-a',
      gatewayDialogId: 'call-1-b',
    });
  });

  it('that comes after the lock lapsed does not take the gateway from the next call', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.grant({ callId: 'call-2' });
    await world.say(answered('call-1'));
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
    await world.say(ended('call-1'));
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
    expect(world.stopped).toEqual([]);
    expect(await world.tombstone(gw)).toBeUndefined();
  });

  it('that comes after the lock lapsed takes the gateway where nobody else has', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: 'sip:gw@10.0.0.7', expiresSec: 600 }] });
    expect((await world.gateway(gw))?.state).toBe('free');
    await world.say(answered('call-1'));
    expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
  });
});

describe('call.ended', () => {
  it('deletes the location, leaves a tombstone, stops the task and closes the record', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    world.pass(30);
    await world.say(ended());
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.tombstone(gw)).toMatchObject({ expiresAt: world.nowMs / 1000 + 600 });
    expect(world.stopped).toEqual([taskId(1)]);
    const call = await world.call('call-1');
    expect(call).toMatchObject({
      state: 'ended',
      outcome: 'answered',
      endedBy: 'caller',
      endedAt: world.nowMs,
    });
    expect(call).not.toHaveProperty('watchKey');
    expect(call?.expiresAt).toBe(world.nowMs / 1000 + 30 * 86_400);
  });

  it('returns the gateway to the pool where gateways are used again', async () => {
    await newWorld('reuse');
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    await world.say(ended());
    expect(await world.gateway(gw)).toMatchObject({ state: 'free', availableAt: world.nowMs });
    expect(world.stopped).toEqual([]);
    expect(await world.tombstone(gw)).toBeUndefined();
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw });
  });

  it('stops a gateway that has un-REGISTERed already, and refuses its late refresh', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    await world.unregister({ username: gw });
    await world.say(ended());
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.register({ username: gw, cseq: 101 })).toMatchObject({ reason: 'call-over' });
  });

  it('does not stop a gateway that started anew in the same task', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    const contacts = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    await world.register({ username: gw, registrationId: 'reg-2', contacts });
    await world.say(ended());
    expect(world.stopped).toEqual([]);
    expect(await world.gateway(gw)).toMatchObject({ state: 'free', registrationId: 'reg-2' });
    expect(await world.register({ username: gw, cseq: 2 })).toMatchObject({ reason: 'call-over' });
  });

  it('refuses the late refresh under the Call-ID that the gateway has changed to', async () => {
    await world.grant({ callId: 'call-1' });
    const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 60 }];
    await world.register({ username: gw, registrationId: 'reg-2', contacts });
    await world.say(ended());
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.register({ username: gw, registrationId: 'reg-2', cseq: 2, contacts })).toMatchObject({
      reason: 'call-over',
    });
  });

  it('stops the task at the second delivery where ECS failed at the first', async () => {
    await world.grant({ callId: 'call-1' });
    const fact = ended();
    const { stopTask } = world.deps;
    world.deps.stopTask = async () => {
      throw new Error('throttled');
    };
    await expect(world.say(fact)).rejects.toThrow('throttled');
    world.deps.stopTask = stopTask;
    await world.say(fact);
    expect(world.stopped).toEqual([taskId(1)]);
  });
});

describe('call.failed', () => {
  it.each([
    ['rejected', 'free'],
    ['silent', 'silent'],
  ] as const)('%s: the gateway is %s', async (cause, state) => {
    await world.grant({ callId: 'call-1' });
    const failed = [{ username: gw, cause }];
    await world.say({
      type: 'call.failed',
      callId: 'call-1',
      outcome: 'gateway-failed',
      gateway: gw,
      failed,
    });
    const gateway = await world.gateway(gw);
    expect(gateway?.state).toBe(state);
    expect(gateway).not.toHaveProperty('lockedBy');
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-failed' });
    expect(world.stopped).toEqual([]);
  });

  it('of a call that never got a gateway makes its record', async () => {
    const caller = {
      uri: 'sip:a@b',
      received: { address: '10.1.1.1', port: 5060, protocol: 'udp' as const },
    };
    await world.say({
      type: 'call.failed',
      callId: 'call-9',
      outcome: 'pool-exhausted',
      room: '77',
      caller,
      failed: [],
    });
    expect(await world.call('call-9')).toMatchObject({
      state: 'ended',
      outcome: 'pool-exhausted',
      room: '77',
      caller,
      endedAt: world.nowMs,
    });
  });

  it('does not release a gateway that is another call’s by now', async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.grant({ callId: 'call-2' });
    const failed = [{ username: gw, cause: 'silent' as const }];
    await world.say({ type: 'call.failed', callId: 'call-1', outcome: 'no-answer', gateway: gw, failed });
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });
});

describe('call.cancelled', () => {
  it('before the answer gives the gateway back', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gateway: gw, gatewayAnswered: false });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
    expect(await world.call('call-1')).toMatchObject({ outcome: 'cancelled' });
  });

  it('that knows of no gateway gives back the one that a lost answer had locked', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.gateway(gw)).toMatchObject({ state: 'free' });
  });

  it('that crossed the answer ends the gateway as after a call', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say({ type: 'call.cancelled', callId: 'call-1', gateway: gw, gatewayAnswered: true });
    expect(await world.gateway(gw)).toBeUndefined();
    expect(world.stopped).toEqual([taskId(1)]);
  });
});

describe('gateway.lost', () => {
  const lost = () =>
    world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'connection closed' });

  it('ends the call and stops the gateway', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    await world.say(lost());
    expect(await world.call('call-1')).toMatchObject({
      outcome: 'gateway-lost',
      detail: 'connection closed',
    });
    expect(await world.gateway(gw)).toBeUndefined();
    expect(world.stopped).toEqual([taskId(1)]);
  });

  it('keeps a gateway that is used again out of the pool until it registers', async () => {
    await newWorld('reuse');
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    await world.say(lost());
    expect((await world.gateway(gw))?.state).toBe('silent');
    await world.register({ username: gw, cseq: 2 });
    expect((await world.gateway(gw))?.state).toBe('free');
  });

  it('does not stop the gateway that took its place', async () => {
    await world.grant({ callId: 'call-1' });
    await world.say(answered());
    const contacts = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    const told = await world.register({ username: gw, registrationId: 'reg-2', contacts });
    expect(told).toMatchObject({ lostCallId: 'call-1' });
    await world.say(lost());
    expect(await world.gateway(gw)).toMatchObject({ state: 'free', registrationId: 'reg-2' });
    expect(world.stopped).toEqual([]);
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'gateway-lost' });
  });
});

describe('gateway.lost before the answer', () => {
  beforeEach(async () => {
    await world.register({ username: managed(2), contacts: [{ uri: 'sip:gw@10.0.0.8', expiresSec: 600 }] });
    await world.grant({ callId: 'call-1', gateway: gw });
  });
  const lost = () =>
    world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'registered anew' });
  const next = { callId: 'call-1', attempt: 2, failed: [{ username: gw, cause: 'silent' as const }] };

  it.each(['before', 'after'])(
    'told %s the next attempt: the call goes on with another gateway',
    async (when) => {
      const fact = lost();
      if (when === 'before') await world.say(fact);
      expect(await world.grant(next)).toMatchObject({ username: managed(2) });
      if (when === 'after') await world.say(fact);
      await world.say(answered('call-1', managed(2)));
      await world.say(fact);
      expect(await world.call('call-1')).toMatchObject({ state: 'answered', gateway: managed(2) });
      expect(await world.gateway(managed(2))).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
      expect(world.stopped).toEqual(when === 'before' ? [taskId(1), taskId(1)] : []);
    },
  );
});

describe('order and repetition', () => {
  const stories: Record<string, () => Fact[]> = {
    'answered, ended': () => [answered(), later(30, () => ended())],
    'answered, gateway lost, ended': () => [
      answered(),
      later(30, () => world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'gone' })),
      later(31, () => ended('call-1', 'gateway-lost')),
    ],
    'answered, lost and ended at one moment': () => [
      answered(),
      later(30, () => world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'gone' })),
      later(30, () => ended('call-1', 'gateway-lost')),
    ],
    'cancelled as it was answered': () => [
      answered(),
      later(0, () =>
        world.fact({ type: 'call.cancelled', callId: 'call-1', gateway: gw, gatewayAnswered: true }),
      ),
    ],
    failed: () => [
      world.fact({
        type: 'call.failed',
        callId: 'call-1',
        outcome: 'no-answer',
        gateway: gw,
        failed: [{ username: gw, cause: 'silent' }],
        room: '1234',
      }),
    ],
  };

  for (const afterCall of ['stop', 'reuse'] as const) {
    for (const [name, story] of Object.entries(stories)) {
      it(`${name} (${afterCall}): any order, each fact twice, leaves the same table`, async () => {
        const tables: unknown[] = [];
        for (const order of permutations(story().length)) {
          await newWorld(afterCall);
          await world.grant({ callId: 'call-1' });
          const facts = story();
          for (const i of order) await world.say(facts[i] as Fact);
          const before = await everything();
          for (const i of [...order].reverse()) await world.say(facts[i] as Fact);
          expect(await everything()).toEqual(before);
          tables.push(before);
        }
        for (const table of tables) expect(table).toEqual(tables[0]);
      });
    }
  }

  it('a cancel that overtook its own allocation refuses it, and leaves the gateway free', async () => {
    await world.say({ type: 'call.cancelled', callId: 'call-1', gatewayAnswered: false });
    expect(await world.allocate({ callId: 'call-1' })).toMatchObject({ outcome: 'cancelled' });
    expect((await world.gateway(gw))?.state).toBe('free');
  });

  it('the end that the edge told beats a later guess', async () => {
    await world.grant({ callId: 'call-1' });
    const told = ended();
    await world.hangups('edge-1', { leaseSec: 30 });
    world.pass(31);
    await world.sweep();
    expect(await world.call('call-1')).toMatchObject({ outcome: 'edge-lost' });
    await world.say(told);
    expect(await world.call('call-1')).toMatchObject({ outcome: 'answered', endedAt: told.at });
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('all facts of a call at the same moment settle it', async () => {
    await world.grant({ callId: 'call-1' });
    const facts = [answered(), ended(), answered(), ended()];
    await Promise.all(facts.map((fact) => world.say(fact)));
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', answeredAt: world.nowMs });
    expect(await world.gateway(gw)).toBeUndefined();
  });
});

describe('listEdgeCalls', () => {
  it('tells an edge the open calls it holds, with their dialogs', async () => {
    for (let n = 2; n <= 4; n += 1) await world.register({ username: managed(n) });
    await world.grant({ callId: 'call-1', callerDialogId: 'call-1-a', gateway: gw });
    await world.grant({ callId: 'call-2', gateway: managed(2) });
    await world.grant({ callId: 'call-3', gateway: managed(3) });
    await world.grant({ callId: 'call-4', gateway: managed(4), edgeId: 'edge-2' });
    await world.say(answered('call-2', managed(2)));
    await world.say(ended('call-3'));
    const { calls } = await world.edgeCalls();
    expect(calls.sort((a, b) => (a.callId < b.callId ? -1 : 1))).toEqual([
      { callId: 'call-1', state: 'offered', gateway: gw, offeredAt: world.nowMs, callerDialogId: 'call-1-a' },
      {
        callId: 'call-2',
        state: 'answered',
        gateway: managed(2),
        offeredAt: world.nowMs,
        callerDialogId: 'call-2-a',
        gatewayDialogId: 'call-2-b',
      },
    ]);
    expect((await world.edgeCalls('edge-2')).calls).toHaveLength(1);
    expect((await world.edgeCalls('edge-3')).calls).toEqual([]);
  });
});

/** All items, without what counts writes. */
async function everything(): Promise<unknown[]> {
  const { items } = await world.table.scan(() => 'attribute_exists(pk)');
  return items
    .map(({ version: _version, ...item }) => item)
    .sort((a, b) => (String(a.pk) < String(b.pk) ? -1 : 1));
}

function later<T>(seconds: number, make: () => T): T {
  world.pass(seconds);
  const made = make();
  world.pass(-seconds);
  return made;
}

function permutations(length: number): number[][] {
  if (length === 0) return [[]];
  return permutations(length - 1).flatMap((rest) =>
    Array.from({ length }, (_, at) => [...rest.slice(0, at), length - 1, ...rest.slice(at)]),
  );
}
