import { describe, expect, it } from 'vitest';
import { overtakenIn } from '../support/overtaking.ts';
import { contacts, gw, oneGateway, useWorld, world } from '../support/use-world.ts';

/* Something happens between a function's look at the table and its write: the write must notice. */

useWorld(oneGateway);

const overtaken = (meanwhile: () => Promise<unknown>, nth?: number) => overtakenIn(world, meanwhile, nth);

describe('a REGISTER that is no refresh', () => {
  const moved = { address: '10.9.9.9', port: 7000, protocol: 'tcp' as const };

  it('keeps a lock that was made meanwhile', async () => {
    const slow = overtaken(() => world.grant({ callId: 'call-1' }), 2);
    await slow.register({ username: gw, cseq: 2, contacts, received: moved });
    expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-1', received: moved });
  });

  it('keeps a call that was answered meanwhile', async () => {
    await world.grant({ callId: 'call-1' });
    const answer = () => world.say(world.answered('call-1', gw));
    await overtaken(answer, 2).register({ username: gw, cseq: 2, contacts, received: moved });
    expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: 'call-1', received: moved });
    expect(await world.gateway(gw)).not.toHaveProperty('freeShard');
  });

  it('is refused where the call ended meanwhile', async () => {
    await world.grant({ callId: 'call-1' });
    const end = () => world.say(world.ended('call-1', gw));
    const answer = await overtaken(end, 2).register({ username: gw, cseq: 2, contacts, received: moved });
    expect(answer).toEqual({ result: 'refused', reason: 'call-over' });
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('does not undo a later one that was faster', async () => {
    const later = () => world.register({ username: gw, cseq: 3, contacts });
    const answer = await overtaken(later, 2).register({ username: gw, cseq: 2, contacts, received: moved });
    expect(answer).toEqual({ result: 'refused', reason: 'out-of-order' });
    expect(await world.gateway(gw)).toMatchObject({ cseq: 3 });
  });

  it('of a gateway started anew tells the call that got the old one meanwhile', async () => {
    const slow = overtaken(() => world.grant({ callId: 'call-1' }), 2);
    const anew = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    const answer = await slow.register({ username: gw, registrationId: 'reg-2', contacts: anew });
    expect(answer).toMatchObject({ fresh: true, lostCallId: 'call-1' });
  });
});

it('a refresh that finds a lapsed lock leaves it to the call that takes it meanwhile', async () => {
  await world.grant({ callId: 'call-1' });
  world.pass(121);
  const slow = overtaken(() => world.grant({ callId: 'call-2' }), 2);
  await slow.register({ username: gw, cseq: 2, contacts });
  expect(await world.gateway(gw)).toMatchObject({ state: 'locked', lockedBy: 'call-2' });
});

describe('an un-REGISTER', () => {
  it('does not remove the gateway that took the name meanwhile', async () => {
    const anew = [{ uri: 'sip:anew@10.0.0.7', expiresSec: 60 }];
    const restart = () => world.register({ username: gw, registrationId: 'reg-2', contacts: anew });
    await overtaken(restart).unregister({ username: gw, cseq: 2, contacts: ['sip:gw@10.0.0.7'] });
    expect(await world.gateway(gw)).toMatchObject({ registrationId: 'reg-2', contact: 'sip:anew@10.0.0.7' });
  });

  it('that was overtaken by a later REGISTER is out of order', async () => {
    const refresh = () => world.register({ username: gw, cseq: 3, contacts });
    const answer = await overtaken(refresh).unregister({ username: gw, cseq: 2 });
    expect(answer).toEqual({ result: 'refused', reason: 'out-of-order' });
    expect(await world.gateway(gw)).toBeDefined();
  });
});
