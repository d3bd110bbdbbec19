import { expect, it } from 'vitest';
import { inspectAnswerSchema, inspectCommandSchema } from '../../contracts/inspect.ts';
import { inspect } from '../../lambdas/functions/inspect/inspect.ts';
import { useWorld, world } from './support/use-world.ts';
import { managed, peer, taskId } from './support/world.ts';

useWorld();

/** Answers as the contract has them: what the schema does not know would be dropped, what it misses throws. */
async function ask(command: object) {
  return inspectAnswerSchema.parse(await inspect(inspectCommandSchema.parse(command), world.deps));
}

it('shows the gateways as they count now', async () => {
  const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 600 }];
  await world.register({ username: managed(1), contacts });
  await world.grant({ callId: 'call-1' });
  await world.register({ username: managed(2), contacts });
  await world.register({ username: managed(3), contacts: [{ uri: 'sip:x@y', expiresSec: 60 }] });
  expect(await ask({ command: 'listGateways' })).toMatchObject({
    gateways: [
      { username: managed(1), state: 'locked', lockedBy: 'call-1', taskId: taskId(1) },
      { username: managed(2), state: 'free', received: '10.0.0.7:5060;tcp' },
      { username: managed(3), state: 'free' },
    ],
  });
  world.pass(121);
  const { gateways } = (await ask({ command: 'listGateways' })) as { gateways: object[] };
  expect(gateways).toHaveLength(2);
  expect(gateways[0]).toMatchObject({ username: managed(1), state: 'free' });
  expect(gateways[0]).not.toHaveProperty('lockedBy');
});

it('shows an IPv6 source in brackets', async () => {
  await world.register({ username: managed(1), received: { ...peer, address: '2001:db8::1' } });
  expect(await ask({ command: 'listGateways' })).toMatchObject({
    gateways: [{ received: '[2001:db8::1]:5060;tcp' }],
  });
});

it('tells the story of one call, oldest step first', async () => {
  for (const n of [1, 2]) await world.register({ username: managed(n) });
  const start = world.nowMs;
  const first = await world.grant({ callId: 'call-1' });
  world.nowMs += 2000;
  const failed = [{ username: first.username, cause: 'rejected' as const, status: 486 }];
  const second = await world.grant({ callId: 'call-1', attempt: 2, failed });
  world.nowMs += 900;
  const times = { receivedAt: start - 10, ringingAt: world.nowMs - 500 };
  await world.say(world.answered('call-1', second.username, times));
  world.pass(60);
  const gateway = second.username;
  await world.say(world.ended('call-1', gateway, { by: 'gateway' }));
  expect(await ask({ command: 'describeCall', callId: 'call-1' })).toMatchObject({
    call: {
      state: 'ended',
      room: '1234',
      callerUri: 'sip:room-system@example.org',
      gateway,
      outcome: 'answered',
      steps: [
        { at: start - 10, step: 'received' },
        { at: start, step: 'offered', gateway: first.username, detail: 'attempt 1' },
        { at: start + 2000, step: 'rejected', gateway: first.username, detail: '486' },
        { at: start + 2000, step: 'offered', gateway, detail: 'attempt 2' },
        { at: start + 2400, step: 'ringing', gateway },
        { at: start + 2900, step: 'answered', gateway },
        { at: start + 62_900, step: 'ended', detail: 'answered, by gateway' },
      ],
    },
  });
});

it('does not know a call that there never was', async () => {
  expect(await ask({ command: 'describeCall', callId: 'nobody' })).toEqual({ result: 'not-found' });
});

it('lists the calls, newest first, no more than asked for, also those that never got a gateway', async () => {
  await world.register({ username: managed(1) });
  await world.grant({ callId: 'call-1' });
  for (let n = 2; n <= 5; n += 1) {
    world.pass(1);
    await world.say({
      type: 'call.failed',
      callId: `call-${n}`,
      outcome: 'no-room',
      failed: [],
      detail: 'none',
    });
  }
  expect(await ask({ command: 'listCalls', limit: 2 })).toMatchObject({
    calls: [
      {
        callId: 'call-5',
        outcome: 'no-room',
        room: '',
        steps: [{ step: 'failed', detail: 'no-room, none' }],
      },
      { callId: 'call-4' },
    ],
  });
  expect(await ask({ command: 'listCalls' })).toMatchObject({ calls: { length: 5 } });
});

it('shows which calls wait, and their places', async () => {
  await world.pool();
  for (const callId of ['call-1', 'call-2']) {
    await world.allocate({ callId });
    world.pass(1);
  }
  expect(await ask({ command: 'listCalls' })).toMatchObject({
    calls: [
      { callId: 'call-2', state: 'waiting', place: 2, steps: [{ step: 'waiting' }] },
      { callId: 'call-1', state: 'waiting', place: 1 },
    ],
  });
});
