import { beforeEach, describe, expect, it } from 'vitest';
import { useWorld, world } from '../support/use-world.ts';

useWorld();

const gw = '10.0.0.7.mediagw.1';
const uri = (n: number) => `sip:gw-${n}@10.0.0.7:5060`;

describe('another Call-ID', () => {
  it('from the same contact is the same gateway: it keeps its lock', async () => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    const answer = await world.register({ username: gw, registrationId: 'reg-2', cseq: 1 });
    expect(answer).toMatchObject({ fresh: false });
    expect(answer).not.toHaveProperty('lostCallId');
    expect(await world.gateway(gw)).toMatchObject({
      registrationId: 'reg-2',
      state: 'locked',
      lockedBy: 'call-1',
    });
  });

  it('from another contact is a gateway started anew: one row, free, and its call is told lost', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', gw));
    const anew = { username: gw, registrationId: 'reg-2', contacts: [{ uri: uri(2), expiresSec: 60 }] };
    const told = await world.register(anew);
    expect(told).toEqual({
      result: 'bindings',
      contacts: [{ uri: uri(2), expiresSec: 60 }],
      fresh: true,
      lostCallId: 'call-1',
    });
    // The reply may be lost: whoever asks again is told again.
    expect(await world.register(anew)).toEqual(told);
    expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw, contact: uri(2) });
  });

  it('which comes back after another is no gateway started anew: its call stands', async () => {
    const from = (n: number, cseq: number) => ({
      ...{ username: gw, registrationId: `reg-${n}`, cseq },
      contacts: [{ uri: uri(n), expiresSec: 60 }],
    });
    // A process that has started anew, and a REGISTER of the one before that was under way.
    await world.register(from(2, 1));
    await world.register(from(1, 1));
    await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', gw));
    expect(await world.register(from(2, 2))).not.toHaveProperty('lostCallId');
    expect(await world.gateway(gw)).toMatchObject({
      ...{ contact: uri(2), registrationId: 'reg-2', state: 'busy', lockedBy: 'call-1' },
    });
    // Another late one; and one that is new.
    expect(await world.register(from(1, 2))).not.toHaveProperty('lostCallId');
    expect(await world.register(from(2, 3))).not.toHaveProperty('lostCallId');
    expect(await world.register(from(3, 1))).toMatchObject({ fresh: true, lostCallId: 'call-1' });
  });

  it('tells of a lost call also where the registration that held it ran out', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    await world.grant({ callId: 'call-1' });
    world.pass(70);
    const contacts = [{ uri: uri(2), expiresSec: 60 }];
    const told = await world.register({ username: gw, registrationId: 'reg-2', contacts });
    expect(told).toMatchObject({ fresh: true, lostCallId: 'call-1' });
  });

  it('does not tell a call lost whose lock had lapsed', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 600 }] });
    await world.grant({ callId: 'call-1' });
    world.pass(121);
    const contacts = [{ uri: uri(2), expiresSec: 60 }];
    const told = await world.register({ username: gw, registrationId: 'reg-2', contacts });
    expect(told).not.toHaveProperty('lostCallId');
  });
});

it('a registration that ran out during its call comes back with its lock', async () => {
  await world.register({ username: gw });
  await world.grant({ callId: 'call-1' });
  await world.say(world.answered('call-1', gw));
  world.pass(300);
  const told = await world.register({ username: gw, cseq: 2 });
  expect(told).toMatchObject({ fresh: true });
  expect(told).not.toHaveProperty('lostCallId');
  expect(await world.gateway(gw)).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
});

describe('after its call', () => {
  beforeEach(async () => {
    await world.register({ username: gw });
    await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', gw));
    await world.say(world.ended('call-1', gw));
  });

  it('a late refresh is refused, until the tombstone is over', async () => {
    const refused = { result: 'refused', reason: 'call-over' };
    expect(await world.register({ username: gw, cseq: 2 })).toEqual(refused);
    expect(await world.gateway(gw)).toBeUndefined();
    world.pass(599);
    expect(await world.register({ username: gw, cseq: 3 })).toEqual(refused);
    world.pass(2);
    expect(await world.register({ username: gw, cseq: 4 })).toMatchObject({ fresh: true });
  });

  it('the same name registering anew is welcome', async () => {
    const answer = await world.register({ username: gw, registrationId: 'reg-2' });
    expect(answer).toMatchObject({ result: 'bindings', fresh: true });
  });

  it('the goodbye of the old one does not remove the new one', async () => {
    await world.register({ username: gw, registrationId: 'reg-2' });
    expect(await world.unregister({ username: gw, registrationId: 'reg-1', cseq: 9 })).toMatchObject({
      contacts: [{ expiresSec: 60 }],
    });
    expect(await world.gateway(gw)).toMatchObject({ registrationId: 'reg-2', state: 'free' });
  });
});
