import { expect, it } from 'vitest';
import { isoOf } from '../../../contracts/api/common.ts';
import type { CallDetail, CallView } from '../../../contracts/api/views.ts';
import { pathIdOf } from '../../../lambdas/domain/views.ts';
import { ask, get } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed } from '../support/world.ts';

useWorld();

type Page = { items: CallView[]; next?: string; searchedUntil?: string };

const detailOf = (callId: string, traceId?: string) =>
  get<CallDetail>(`/calls/${pathIdOf({ callId, traceId })}`);

/** Calls that failed, a second apart. */
async function fail(...callIds: string[]): Promise<void> {
  for (const callId of callIds) {
    world.pass(1);
    await world.say({ type: 'call.failed', callId, outcome: 'no-room', failed: [], detail: 'none' });
  }
}

/** All pages of a list, one call a page more than once. */
async function pages(target: string, limit: number): Promise<string[][]> {
  const found: string[][] = [];
  let next: string | undefined;
  do {
    const cursor = next === undefined ? '' : `&cursor=${next}`;
    const page = await get<Page>(`${target}${target.includes('?') ? '&' : '?'}limit=${limit}${cursor}`);
    found.push(page.items.map(({ callId }) => callId));
    next = page.next;
  } while (next !== undefined);
  return found;
}

it('tells the story of one call, oldest step first', async () => {
  for (const n of [1, 2]) await world.register({ username: managed(n) });
  const start = world.nowMs;
  const first = await world.grant({ callId: 'call-1' });
  world.nowMs += 2000;
  const failed = [{ username: first.username, cause: 'rejected' as const, status: 486 }];
  const second = await world.grant({ callId: 'call-1', attempt: 2, failed });
  world.nowMs += 900;
  const times = { receivedAt: start - 10, ringingAt: world.nowMs - 500 };
  const ringing = { leg: 'gateway', direction: 'received', method: 'INVITE', status: 180 } as const;
  const messages = [{ at: world.nowMs - 500, ...ringing }];
  await world.say(world.answered('call-1', second.username, { ...times, messages, messagesLeftOut: 2 }));
  world.pass(60);
  const gateway = second.username;
  await world.say(world.ended('call-1', gateway, { by: 'gateway' }));
  expect(await detailOf('call-1')).toMatchObject({
    state: 'ended',
    room: '1234',
    caller: { uri: 'sip:room-system@example.org', displayName: 'Room', received: '10.0.0.7:5060;tcp' },
    gateway,
    outcome: 'answered',
    beganAt: isoOf(start - 10),
    attempts: [
      { attempt: 1, gateway: first.username, cause: 'rejected', status: 486 },
      { attempt: 2, gateway },
    ],
    steps: [
      { at: isoOf(start - 10), step: 'received' },
      { at: isoOf(start), step: 'offered', gateway: first.username, detail: 'attempt 1' },
      { at: isoOf(start + 2000), step: 'rejected', gateway: first.username, detail: '486' },
      { at: isoOf(start + 2000), step: 'offered', gateway, detail: 'attempt 2' },
      { at: isoOf(start + 2400), step: 'ringing', gateway },
      { at: isoOf(start + 2900), step: 'answered', gateway },
      { at: isoOf(start + 62_900), step: 'ended', detail: 'answered, by gateway' },
    ],
    messages: [{ at: isoOf(start + 2400), ...ringing }],
    messagesLeftOut: 2,
    otherTries: [],
  });
});

it.each(['nobody', '%00', 'bm9ib2R5', '..%2F..'])(
  'does not know a call that there never was: %s',
  async (id) => {
    expect(await ask(`/calls/${id}`)).toMatchObject({ statusCode: 404 });
  },
);

it('finds a call whose Call-ID no path could hold', async () => {
  const callId = 'a/b?c=%2F#d@host;e';
  await fail(callId);
  expect(await detailOf(callId)).toMatchObject({ callId, outcome: 'no-room' });
  expect(await get('/calls?callId=a/b%3Fc%3D%252F')).toMatchObject({ items: [{ callId }] });
});

it('finds a call by its whole Call-ID, whatever its edge and state', async () => {
  await world.register({ username: managed(1) });
  await world.grant({ callId: 'call-1' });
  await fail('call-11');
  expect(await get<Page>('/calls?callId=call-1')).toMatchObject({
    items: [{ callId: 'call-1', state: 'offered' }],
  });
  expect(await get<Page>('/calls?callId=call-11')).toMatchObject({ items: [{ state: 'ended' }] });
  expect((await get<Page>('/calls?callId=call-')).items).toHaveLength(1);
});

it('lists the calls that are over, newest first, page by page, each once', async () => {
  await world.register({ username: managed(1) });
  await world.grant({ callId: 'answered' });
  await world.say(world.answered('answered', managed(1)));
  await fail('call-1', 'call-2');
  await world.say(world.ended('answered', managed(1)));
  await fail('call-3', 'call-4', 'call-5');
  const inOrder = ['call-5', 'call-4', 'call-3', 'call-2', 'call-1'];
  expect((await pages('/calls', 50))[0]?.toSorted()).toEqual(['answered', ...inOrder].toSorted());
  expect((await pages('/calls?outcome=no-room', 2)).flat()).toEqual(inOrder);
  for (const limit of [1, 2, 4]) {
    const found = await pages('/calls', limit);
    expect(found.flat().toSorted()).toEqual(['answered', ...inOrder].toSorted());
    expect(found.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
  }
});

it('goes over days that nobody called in, and no further back than it is asked to', async () => {
  await fail('long-ago');
  world.pass(12 * 24 * 3600);
  await fail('today');
  expect((await pages('/calls', 1)).flat()).toEqual(['today', 'long-ago']);
  const since = encodeURIComponent(isoOf(world.nowMs - 3600_000));
  expect((await pages(`/calls?from=${since}`, 50)).flat()).toEqual(['today']);
  expect((await pages(`/calls?to=${since}`, 50)).flat()).toEqual(['long-ago']);
});

it('finds calls by room, caller, gateway and outcome, and says how far back it looked', async () => {
  await world.register({ username: managed(1) });
  await world.grant({ callId: 'wanted', room: '77' });
  const gateway = managed(1);
  await world.say(world.answered('wanted', gateway));
  world.pass(1);
  await world.say(world.ended('wanted', gateway));
  await fail(...Array.from({ length: 600 }, (_, n) => `other-${n}`));
  const byName = [
    'caller=room-system',
    'caller=Room',
    `gateway=${gateway}`,
    `gateway=${gateway.slice(0, 8)}`,
  ];
  for (const filter of ['room=77', 'edge=edge-1&room=77', ...byName]) {
    expect((await pages(`/calls?${filter}`, 10)).flat(), filter).toEqual(['wanted']);
    expect(await get<Page>(`/calls?${filter}`), filter).toMatchObject({
      items: [],
      searchedUntil: expect.stringMatching(/Z$/),
    });
  }
  // The calls that did not fail stand apart from those that did.
  expect(await get<Page>('/calls?outcome=answered')).toEqual({
    items: [expect.objectContaining({ callId: 'wanted' })],
  });
});

it('shows which calls are in progress or wait, and their places', async () => {
  await world.register({ username: managed(1) });
  await world.grant({ callId: 'talking' });
  await world.say(world.answered('talking', managed(1)));
  await world.edgeCalls();
  await world.pool();
  for (const callId of ['call-1', 'call-2']) {
    await world.allocate({ callId });
    world.pass(1);
  }
  const { items } = await get<Page>('/calls/live');
  expect(new Map(items.map(({ callId, state, place }) => [callId, { state, place }]))).toEqual(
    new Map<string, object>([
      ['talking', { state: 'answered', place: undefined }],
      ['call-1', { state: 'waiting', place: 1 }],
      ['call-2', { state: 'waiting', place: 2 }],
    ]),
  );
  expect((await pages('/calls/live', 1)).flat().toSorted()).toEqual(['call-1', 'call-2', 'talking']);
  expect(await pages('/calls', 50)).toEqual([[]]);
});

it('counts failures by what they have in common', async () => {
  await fail('call-1', 'call-2');
  await world.say({
    type: 'call.failed',
    callId: 'call-3',
    outcome: 'pool-exhausted',
    failed: [],
    detail: 'none-free',
  });
  expect(await get('/failures')).toMatchObject({
    by: 'outcome',
    failed: 3,
    groups: [
      { value: 'no-room', count: 2, examples: [{ callId: 'call-2' }, { callId: 'call-1' }] },
      { value: 'pool-exhausted', count: 1 },
    ],
  });
  expect(await get('/failures?by=edge')).toMatchObject({ groups: [{ value: 'edge-1', count: 3 }] });
});
