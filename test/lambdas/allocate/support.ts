import { expect } from 'vitest';
import type { World } from '../support/world.ts';

export const gw = (n: number) => `10.0.0.${n}.mediagw.1`;

export async function registerSome(world: World, count: number, expiresSec = 60): Promise<void> {
  for (let n = 1; n <= count; n += 1) {
    const contacts = [{ uri: `sip:gw@10.0.0.${n}`, expiresSec }];
    await world.register({ username: gw(n), contacts });
  }
}

/** @returns the partition of the pool's index for each gateway in it */
export async function freeShards(world: World): Promise<string[]> {
  const page = await world.table.scan(() => 'attribute_exists(freeShard)');
  return page.items.map((item) => String(item.freeShard));
}

/** Calls that begin to wait one after the other. */
export async function wait(world: World, ...callIds: string[]): Promise<void> {
  for (const callId of callIds) {
    expect(await world.allocate({ callId }), callId).toMatchObject({ result: 'waiting' });
    world.nowMs += 10;
  }
}
