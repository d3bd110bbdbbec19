import { describe, expect, it } from 'vitest';
import type { Fact } from '../../../contracts/facts.ts';
import { gw, oneGateway, useWorld, world } from '../support/use-world.ts';

useWorld(oneGateway);

const answered = () =>
  world.answered('call-1', gw, { receivedAt: world.nowMs - 300, ringingAt: world.nowMs - 100 });
const message = (ms: number, method: string, status?: number) => ({
  at: world.nowMs + ms,
  leg: 'caller' as const,
  direction: 'received' as const,
  method,
  ...(status !== undefined && { status }),
});
const ended = (outcome = 'answered') => world.ended('call-1', gw, { outcome });

describe('order and repetition', () => {
  const stories: Record<string, () => Fact[]> = {
    'answered, ended': () => [answered(), later(30, () => ended())],
    'answered, gateway lost, ended': () => [
      answered(),
      later(30, () => world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'gone' })),
      later(31, () => ended('gateway-lost')),
    ],
    'answered, lost and ended at one moment': () => [
      answered(),
      later(30, () => world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'gone' })),
      later(30, () => ended('gateway-lost')),
    ],
    'cancelled as it was answered': () => [
      answered(),
      later(0, () =>
        world.fact({ type: 'call.cancelled', callId: 'call-1', gateway: gw, gatewayAnswered: true }),
      ),
    ],
    'answered, ended, and what was said meanwhile': () => [
      world.answered('call-1', gw, { messages: [message(-2, 'INVITE'), message(0, 'INVITE', 200)] }),
      later(0, () =>
        world.ended('call-1', gw, {
          messages: [message(0, 'ACK'), message(0, 'INFO'), message(0, 'INFO'), message(9, 'BYE')],
          messagesLeftOut: 3,
        }),
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
          await oneGateway(afterCall);
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

  it('the SIP messages of a call stand in its record once, the oldest first', async () => {
    await world.grant({ callId: 'call-1' });
    const facts = stories['answered, ended, and what was said meanwhile']?.() ?? [];
    for (const fact of [...facts, ...facts].reverse()) await world.say(fact);
    expect(await world.call('call-1')).toMatchObject({
      messages: `${world.nowMs - 2} 0c>INVITE 2c>200INVITE 2c>ACK 2c>INFO 2c>INFO 11c>BYE`,
      messagesLeftOut: 3,
    });
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
