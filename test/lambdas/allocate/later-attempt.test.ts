import { describe, expect, it } from 'vitest';
import { useWorld, world } from '../support/use-world.ts';
import { gw, registerSome } from './support.ts';

useWorld();

describe('a later attempt', () => {
  const rejected = (username: string) => ({ username, cause: 'rejected' as const, status: 486 });
  const silent = (username: string) => ({ username, cause: 'silent' as const });

  it('lets the gateway that rejected go and locks another', async () => {
    await registerSome(world, 2);
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
    await registerSome(world, 2);
    const first = await world.grant({ callId: 'call-1' });
    await world.grant({ callId: 'call-1', attempt: 2, failed: [silent(first.username)] });
    const out = await world.gateway(first.username);
    expect(out?.state).toBe('silent');
    expect(out?.freeShard).toBeUndefined();
    expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'refused' });
  });

  it('asked again gets the same gateway', async () => {
    await registerSome(world, 4);
    const first = await world.grant({ callId: 'call-1' });
    const again = { callId: 'call-1', attempt: 2, failed: [rejected(first.username)] };
    const second = await world.grant(again);
    expect(await world.allocate(again)).toEqual(second);
    expect(await Promise.all([world.allocate(again), world.allocate(again)])).toEqual([second, second]);
  });

  it('never gets a gateway that failed this call, also when it is the only free one', async () => {
    await registerSome(world, 1);
    const first = await world.grant({ callId: 'call-1' });
    const answer = await world.allocate({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(answer).toMatchObject({ result: 'refused', outcome: 'pool-exhausted' });
  });

  it('goes on where the lock of the one before had lapsed and was taken', async () => {
    await registerSome(world, 1, 600);
    const first = await world.grant({ callId: 'call-1' });
    world.pass(121);
    await world.grant({ callId: 'call-2' });
    await world.register({ username: gw(2) });
    const second = await world.grant({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(second.username).toBe(gw(2));
    expect(await world.gateway(gw(1))).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
  });

  it('goes on without a record of the first', async () => {
    await registerSome(world, 2);
    const answer = await world.grant({ callId: 'call-1', attempt: 2, failed: [silent(gw(1))] });
    expect(answer).toMatchObject({ username: gw(2), attempt: 2 });
  });

  it('an attempt that is over is not granted again', async () => {
    await registerSome(world, 2);
    const first = await world.grant({ callId: 'call-1' });
    await world.grant({ callId: 'call-1', attempt: 2, failed: [rejected(first.username)] });
    expect(await world.allocate({ callId: 'call-1' })).toEqual({
      result: 'refused',
      outcome: 'gateway-failed',
    });
  });
});
