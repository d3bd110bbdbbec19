import { beforeEach, expect, it } from 'vitest';
import { contacts, gw, oneGateway, useWorld, world } from '../support/use-world.ts';

/* A lock that is over without a word: the gateway may be in the call all the same, and is given to nobody meanwhile. */

useWorld(oneGateway);
beforeEach(async () => {
  await world.hangups();
  await world.grant({ callId: 'call-1' });
});

const refused = () =>
  expect(world.allocate({ callId: 'call-2' })).resolves.toMatchObject({ result: 'refused' });
let cseq = 1;
const refresh = () => {
  cseq += 1;
  return world.register({ username: gw, cseq, contacts });
};
const inCall = { state: 'busy', lockedBy: 'call-1' };

it('as its edge is cut off and no sweep has found that', async () => {
  world.pass(125);
  await refused();
  await refresh();
  await refused();
  await world.sweep();
  expect(await world.gateway(gw)).toMatchObject({ state: 'draining', lockedBy: 'call-1' });
  await world.hangups();
  await world.say(world.answered('call-1', gw));
  expect(await world.gateway(gw)).toMatchObject(inCall);
});

it('as a waiting call is there to take it', async () => {
  await world.pool({ managed: 1 });
  world.pass(125);
  expect(await world.allocate({ callId: 'call-2' })).toMatchObject({ result: 'waiting' });
  expect(await world.allocate({ callId: 'call-3' })).toMatchObject({ result: 'waiting' });
  expect(await world.gateway(gw)).toMatchObject({ lockedBy: 'call-1' });
});

it('as its client takes a new Call-ID', async () => {
  world.pass(125);
  await world.register({ username: gw, registrationId: 'reg-2', contacts });
  await refused();
  await world.say(world.answered('call-1', gw));
  expect(await world.gateway(gw)).toMatchObject(inCall);
});

it('as it has started anew, which is told to its edge', async () => {
  world.pass(125);
  const anew = [{ uri: 'sip:anew@10.0.0.8', expiresSec: 600 }];
  const told = await world.register({ username: gw, registrationId: 'reg-2', contacts: anew });
  expect(told).toMatchObject({ fresh: true, lostCallId: 'call-1' });
  expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw });
});

it('as the fact of the answer is late on the bus', async () => {
  for (let seconds = 0; seconds < 180; seconds += 30) {
    world.pass(30);
    await world.hangups();
    await world.sweep();
    await refresh();
    await refused();
  }
  await world.say(world.answered('call-1', gw));
  expect(await world.gateway(gw)).toMatchObject(inCall);
});

it('as its edge comes back after minutes, and what it had to say takes another', async () => {
  world.pass(60);
  await world.sweep();
  expect(await world.call('call-1')).toMatchObject({ state: 'ended', outcome: 'edge-lost' });
  world.pass(30);
  await world.hangups();
  for (let seconds = 0; seconds < 110; seconds += 10) {
    world.pass(10);
    await world.hangups();
    await world.sweep();
    await refused();
  }
  await world.say(world.answered('call-1', gw));
  expect(await world.gateway(gw)).toMatchObject(inCall);
  expect(world.stopped).toEqual([]);
});

it('until the sweep ends the call of an edge that tells nothing of it', async () => {
  for (let seconds = 0; seconds < 270; seconds += 30) {
    world.pass(30);
    await world.hangups();
    await world.sweep();
  }
  expect(await world.grant({ callId: 'call-2' })).toMatchObject({ username: gw });
});
