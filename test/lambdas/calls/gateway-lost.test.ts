import { beforeEach, describe, expect, it } from 'vitest';
import { gw, oneGateway, useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

useWorld(oneGateway);

const answered = (gateway = gw) => world.answered('call-1', gateway);

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
    await oneGateway('reuse');
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
      await world.say(answered(managed(2)));
      await world.say(fact);
      expect(await world.call('call-1')).toMatchObject({ state: 'answered', gateway: managed(2) });
      expect(await world.gateway(managed(2))).toMatchObject({ state: 'busy', lockedBy: 'call-1' });
      expect(world.stopped).toEqual(when === 'before' ? [taskId(1), taskId(1)] : []);
    },
  );
});
