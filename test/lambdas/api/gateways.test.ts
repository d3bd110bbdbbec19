import { expect, it } from 'vitest';
import type { Status } from '../../../contracts/api/pool-views.ts';
import type { GatewayView } from '../../../contracts/api/views.ts';
import { measurePool } from '../../../lambdas/functions/calls/measure-pool.ts';
import { noteMinute } from '../../../lambdas/functions/calls/note-minute.ts';
import type { Item } from '../../../lambdas/store/attributes.ts';
import { gatewayKey } from '../../../lambdas/store/keys.ts';
import { ask, get } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';
import { managed, peer, taskId } from '../support/world.ts';

useWorld();

const contacts = [{ uri: 'sip:gw@10.0.0.7', expiresSec: 600 }];
type Page = { items: GatewayView[]; next?: string };

/** One gateway in each state, in the order of their numbers. */
async function oneOfEach(): Promise<void> {
  const states: ((n: number) => Promise<unknown>)[] = [
    async () => undefined,
    (n) => world.grant({ callId: `call-${n}`, gateway: managed(n) }),
    async (n) => {
      await world.grant({ callId: `call-${n}`, gateway: managed(n) });
      await world.say(world.answered(`call-${n}`, managed(n)));
    },
    async (n) => {
      await world.grant({ callId: `call-${n}`, gateway: managed(n) });
      const failed = [{ username: managed(n), cause: 'silent' as const }];
      await world.say({
        type: 'call.failed',
        callId: `call-${n}`,
        outcome: 'no-answer',
        failed,
        gateway: managed(n),
      });
    },
    async (n) => {
      // Its edge is gone in mid-call.
      await world.grant({ callId: `call-${n}`, gateway: managed(n), edgeId: 'edge-2' });
      await world.say(world.answered(`call-${n}`, managed(n), { edgeId: 'edge-2' }));
      await world.edgeCalls('edge-2');
      world.pass(50);
      await world.edgeCalls('edge-1');
      await world.sweep();
    },
  ];
  for (const [at, make] of states.entries()) {
    await world.register({ username: managed(at + 1), contacts });
    await make(at + 1);
  }
}

it('shows the gateways as they count now, each once, whatever its state', async () => {
  await oneOfEach();
  const all = await get<Page>('/gateways');
  const states = new Map(all.items.map(({ username, state }) => [username, state]));
  expect(states).toEqual(
    new Map<string, string>([
      [managed(3), 'busy'],
      [managed(2), 'locked'],
      [managed(1), 'free'],
      [managed(4), 'silent'],
      [managed(5), 'draining'],
    ]),
  );
  expect(all.items).toHaveLength(5);
  for (const [username, state] of states) {
    expect(await get<Page>(`/gateways?state=${state}`)).toMatchObject({ items: [{ username, state }] });
  }
  const { gateways, calls, edges } = await get<Status>('/status');
  expect(gateways).toEqual({ busy: 1, locked: 1, free: 1, silent: 1, held: 0, draining: 1 });
  expect(calls).toBe(2);
  expect(edges).toMatchObject([
    { edgeId: 'edge-1', isUp: true, calls: 2 },
    { edgeId: 'edge-2', isUp: false, calls: 0 },
  ]);
});

it('shows them page by page', async () => {
  await oneOfEach();
  const found: string[] = [];
  for (let cursor = ''; ; ) {
    const { items, next } = await get<Page>(`/gateways?limit=2${cursor}`);
    found.push(...items.map(({ username }) => username));
    if (next === undefined) break;
    cursor = `&cursor=${next}`;
  }
  expect(found.toSorted()).toEqual([1, 2, 3, 4, 5].map(managed));
});

it('says of one which call has it, until its lock lapses and nobody knows its edge', async () => {
  await world.register({ username: managed(1), contacts });
  await world.grant({ callId: 'call-1' });
  expect(await get(`/gateways/${managed(1)}`)).toMatchObject({
    state: 'locked',
    call: { callId: 'call-1' },
    taskId: taskId(1),
    received: '10.0.0.7:5060;tcp',
  });
  world.pass(121);
  const lapsed = await get(`/gateways/${managed(1)}`);
  expect(lapsed).toMatchObject({ state: 'free' });
  expect(lapsed).not.toHaveProperty('call');
});

it('shows a lock that is over as locked, in whichever way it is asked, while its call may have the gateway', async () => {
  await world.hangups();
  await world.register({ username: managed(1), contacts });
  await world.register({ username: managed(2), contacts });
  await world.grant({ callId: 'call-1', gateway: managed(1) });
  world.pass(121);
  await world.hangups();
  const locked = { username: managed(1), state: 'locked', call: { callId: 'call-1' } };
  const free = { username: managed(2), state: 'free' };
  expect(await get(`/gateways/${managed(1)}`)).toMatchObject(locked);
  expect((await get<Page>('/gateways')).items).toEqual(
    expect.arrayContaining([expect.objectContaining(free), expect.objectContaining({ state: 'locked' })]),
  );
  expect(await get<Page>('/gateways?state=locked')).toMatchObject({ items: [locked] });
  expect((await get<Page>('/gateways?state=free')).items).toMatchObject([free]);
  expect((await get<Status>('/status')).gateways).toMatchObject({ free: 1, locked: 1 });
  const counts = new Map((await measurePool(world.deps)).map(({ name, value }) => [name, value]));
  expect([counts.get('FreeGateways'), counts.get('LockedGateways')]).toEqual([1, 1]);
  // As a call finds it.
  expect(await world.allocate({ callId: 'call-2', gateway: managed(1) })).toMatchObject({
    outcome: 'busy-everywhere',
  });
});

it('counts more free ones than it looks at by the last minute that is known, and says so', async () => {
  await world.register({ username: managed(1), contacts });
  const { v: _version, ...item } = (await world.gateway(managed(1))) as Item;
  await Promise.all(
    Array.from({ length: 299 }, async (_, n) => {
      const username = managed(n + 2);
      await world.table.write({ put: { ...item, pk: gatewayKey(username), username } });
    }),
  );
  expect(await get<Status>('/status')).toMatchObject({ gateways: { free: 250 } });
  await noteMinute(await measurePool(world.deps), world.deps);
  const status = await get<Status>('/status');
  expect(status).toMatchObject({ gateways: { free: 300 } });
  expect(Date.parse(String(status.countedAt))).toBe(Math.floor(world.nowMs / 60_000) * 60_000 - 60_000);
});

it('forgets what no longer registers, and never shows what there never was', async () => {
  await world.register({ username: managed(1), contacts: [{ uri: 'sip:x@y', expiresSec: 60 }] });
  world.pass(61);
  expect(await get('/gateways')).toEqual({ items: [] });
  for (const name of [managed(1), 'nobody', '__proto__']) {
    expect(await ask(`/gateways/${name}`)).toMatchObject({ statusCode: 404 });
  }
});

it('shows an IPv6 source in brackets', async () => {
  await world.register({ username: managed(1), received: { ...peer, address: '2001:db8::1' } });
  expect(await get(`/gateways/${managed(1)}`)).toMatchObject({ received: '[2001:db8::1]:5060;tcp' });
});

it('finds them by the beginning of their name', async () => {
  await world.register({ username: managed(1) });
  await world.register({ username: `abc${managed(2).slice(3)}` });
  expect(await get<Page>('/gateways?username=abc')).toMatchObject({ items: [{ state: 'free' }] });
});
