import { describe, expect, it } from 'vitest';
import { useWorld, world } from '../support/use-world.ts';

useWorld();

const gw = '10.0.0.7.mediagw.1';
const uri = (n: number) => `sip:gw-${n}@10.0.0.7:5060`;

describe('several contacts', () => {
  const three = [
    { uri: uri(1), expiresSec: 60, q: 0.3 },
    { uri: uri(2), expiresSec: 300, q: 0.9 },
    { uri: uri(3), expiresSec: 100, q: 0.1 },
  ];

  it('are all held, each with its own expiry, and the highest q is called', async () => {
    expect(await world.register({ username: gw, contacts: three })).toMatchObject({ contacts: three });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ contact: uri(2) });
    world.pass(90);
    expect(await world.list(gw)).toMatchObject({
      contacts: [
        { uri: uri(2), expiresSec: 210 },
        { uri: uri(3), expiresSec: 10 },
      ],
    });
  });

  it('of the same q: the newest is called', async () => {
    await world.register({ username: gw, contacts: [{ uri: uri(1), expiresSec: 60 }] });
    world.pass(1);
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: uri(2), expiresSec: 60 }] });
    expect(await world.list(gw)).toMatchObject({ contacts: [{ uri: uri(1) }, { uri: uri(2) }] });
    expect(await world.grant({ callId: 'call-1' })).toMatchObject({ contact: uri(2) });
  });

  it('come and go one by one; with the last the location is gone', async () => {
    await world.register({ username: gw, contacts: three });
    await world.register({ username: gw, cseq: 2, contacts: [{ uri: uri(2), expiresSec: 0 }] });
    expect(await world.list(gw)).toMatchObject({ contacts: [{ uri: uri(1) }, { uri: uri(3) }] });
    const all = [uri(1), uri(3)].map((one) => ({ uri: one, expiresSec: 0 }));
    expect(await world.register({ username: gw, cseq: 3, contacts: all })).toMatchObject({ contacts: [] });
    expect(await world.gateway(gw)).toBeUndefined();
  });

  it('are refused beyond ten', async () => {
    const ten = Array.from({ length: 10 }, (_, n) => ({ uri: uri(n), expiresSec: 60 }));
    await world.register({ username: gw, contacts: ten });
    const contacts = [{ uri: uri(10), expiresSec: 60 }];
    const refused = { result: 'refused', reason: 'too-many-contacts' };
    expect(await world.register({ username: gw, cseq: 2, contacts })).toEqual(refused);
    expect((await world.list(gw)).result === 'bindings' && (await world.gateway(gw))?.contacts.length).toBe(
      10,
    );
  });
});
