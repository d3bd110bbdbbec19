import { beforeEach, describe, expect, it } from 'vitest';
import { overtakenIn } from '../support/overtaking.ts';
import { contacts, gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

/* Something happens between a function's look at the table and its write: the write must notice. */

useWorld(oneGateway);

const overtaken = (meanwhile: () => Promise<unknown>, nth?: number) => overtakenIn(world, meanwhile, nth);

describe('a fact about a call whose lock has lapsed', () => {
  beforeEach(async () => {
    await world.grant({ callId: 'call-1' });
    world.pass(121);
  });
  const taken = () => world.grant({ callId: 'call-2' });
  const call = { callId: 'call-1', gateway: gw };
  const failed = (outcome: 'no-answer' | 'gateway-failed', cause: 'rejected' | 'silent') =>
    world.fact({ type: 'call.failed', ...call, outcome, failed: [{ username: gw, cause }] });
  const cancelled = (gatewayAnswered: boolean) =>
    world.fact({ type: 'call.cancelled', ...call, gatewayAnswered });

  it.each([
    () => failed('no-answer', 'silent'),
    () => failed('gateway-failed', 'rejected'),
    () => cancelled(false),
    () => cancelled(true),
    () => world.ended('call-1', gw),
    () => world.fact({ type: 'gateway.lost', callId: 'call-1', username: gw, cause: 'gone' }),
    () => world.answered('call-1', gw),
  ])('does not touch the gateway that another call takes meanwhile (%#)', async (fact) => {
    const slow = overtaken(taken);
    await slow.say(fact());
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
    expect(slow.stopped).toEqual([]);
    expect(await world.tombstone(gw)).toBeUndefined();
  });
});

describe('a fact of a call whose gateway has left', () => {
  const end = () => world.say(world.ended('call-1', gw, { by: 'gateway' }));

  it('does not reopen the call that ends meanwhile', async () => {
    await world.grant({ callId: 'call-1' });
    await world.unregister({ username: gw });
    const slow = overtaken(end);
    await slow.say(world.answered('call-1', gw, { receivedAt: 5 }));
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'answered', receivedAt: 5 });
  });

  it('does not take the record back to before the next attempt', async () => {
    await world.grant({ callId: 'call-1' });
    await world.unregister({ username: gw });
    await world.register({ username: managed(2), contacts });
    const next = { callId: 'call-1', attempt: 2, failed: [{ username: gw, cause: 'silent' as const }] };
    const slow = overtaken(() => world.grant(next));
    await slow.say({ type: 'call.failed', callId: 'call-1', outcome: 'gateway-failed', failed: [] });
    expect(await world.call('call-1')).toMatchObject({ state: 'ended', attempt: 2, gateway: managed(2) });
    expect(await world.gateway(managed(2))).toMatchObject({ state: 'free' });
  });
});

describe('the sweep', () => {
  beforeEach(async () => {
    await world.hangups();
    await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', gw));
    world.pass(46);
  });

  it('leaves alone a gateway that was lost and came back anew meanwhile', async () => {
    await world.sweep();
    world.pass(60);
    const anew = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    const slow = overtaken(() => world.register({ username: gw, registrationId: 'reg-2', contacts: anew }));
    await slow.sweep();
    expect(await world.gateway(gw)).toMatchObject({ registrationId: 'reg-2', state: 'free' });
  });

  it('does not drain the gateway of a call that ended meanwhile', async () => {
    const end = () => world.say(world.ended('call-1', gw));
    await overtaken(end).sweep();
    expect(await world.gateway(gw)).toBeUndefined();
    expect(world.stopped).toEqual([taskId(1)]);
  });
});
