import { describe, expect, it } from 'vitest';
import { useWorld, world } from '../support/use-world.ts';
import { managed, taskId } from '../support/world.ts';

useWorld();

const gw = '10.0.0.7.mediagw.1';
const uri = (n: number) => `sip:gw-${n}@10.0.0.7:5060`;

describe('un-REGISTER', () => {
  it('removes the location, once and again', async () => {
    await world.register({ username: gw });
    const gone = { result: 'bindings', contacts: [], fresh: false };
    expect(await world.unregister({ username: gw, cseq: 2 })).toEqual(gone);
    expect(await world.gateway(gw)).toBeUndefined();
    expect(await world.unregister({ username: gw, cseq: 2 })).toEqual(gone);
  });

  it('removes only the contacts it names', async () => {
    const contacts = [1, 2].map((n) => ({ uri: uri(n), expiresSec: 60 }));
    await world.register({ username: gw, contacts });
    const left = { result: 'bindings', contacts: [{ uri: uri(1), expiresSec: 60 }], fresh: false };
    const command = { username: gw, cseq: 2, contacts: [uri(2)] };
    expect(await world.unregister(command)).toEqual(left);
    expect(await world.unregister(command)).toEqual(left);
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ contact: uri(1) });
  });

  it('that is older than what is held is refused', async () => {
    await world.register({ username: gw, cseq: 5 });
    const refused = { result: 'refused', reason: 'out-of-order' };
    expect(await world.unregister({ username: gw, cseq: 4 })).toEqual(refused);
    expect(await world.unregister({ username: gw, cseq: 5 })).toEqual(refused);
    expect(await world.gateway(gw)).toBeDefined();
  });

  it('in a call removes the location; the call lives on until its end is told', async () => {
    await world.register({ username: managed(1) });
    await world.grant({ callId: 'call-1' });
    await world.say(world.answered('call-1', managed(1)));
    await world.unregister({ username: managed(1), cseq: 2 });
    expect(await world.gateway(managed(1))).toBeUndefined();
    expect(await world.call('call-1')).toMatchObject({ state: 'answered' });
    await world.say(world.ended('call-1', managed(1), { by: 'gateway' }));
    expect(world.stopped).toEqual([taskId(1)]);
    expect(await world.register({ username: managed(1), cseq: 3 })).toMatchObject({ reason: 'call-over' });
  });

  it('under another Call-ID removes the contact too (RFC 3261 10.3 step 6)', async () => {
    await world.register({ username: gw });
    expect(await world.unregister({ username: gw, registrationId: 'reg-9', cseq: 1 })).toMatchObject({
      contacts: [],
    });
  });
});
