import { expect, it } from 'vitest';
import { isoOf } from '../../../contracts/api/common.ts';
import { ask, get } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';

useWorld();

const dayMs = 24 * 3600 * 1000;
const lists = ['/calls', '/calls?outcome=no-room', '/records', '/starts', '/decisions', '/audit'];
const withQuery = (list: string, query: string) => `${list}${list.includes('?') ? '&' : '?'}${query}`;

it.each(lists)('%s of a time to come, or long gone, is empty', async (list) => {
  const tomorrow = isoOf(world.nowMs + dayMs);
  const longAgo = isoOf(world.nowMs - 60 * dayMs);
  for (const query of [`from=${tomorrow}`, `to=${longAgo}`, `from=${longAgo}&to=${longAgo}`])
    expect(await get(withQuery(list, query))).toEqual({ items: [] });
});

it.each([...lists, '/failures'])('%s of a time that ends before it begins is refused', async (list) => {
  const { statusCode, body } = await ask(
    withQuery(list, `from=${isoOf(world.nowMs)}&to=${isoOf(world.nowMs - 1)}`),
  );
  expect([statusCode, JSON.parse(body)]).toMatchObject([
    400,
    { errors: [{ field: 'from', message: 'must not be later than to' }] },
  ]);
});

it('counts no failures of a time to come', async () => {
  expect(await get(`/failures?from=${isoOf(world.nowMs + dayMs)}`)).toMatchObject({ failed: 0, groups: [] });
});

it('answers the same with the same ETag, in whichever order the table keeps a map', async () => {
  const until = isoOf(world.nowMs + dayMs);
  const body = { reason: 'all hands', from: isoOf(world.nowMs), to: until, gateways: 3 };
  await ask('/pool/reservations', { method: 'POST', body });
  const tags = new Set<string | undefined>();
  for (let n = 0; n < 12; n += 1) tags.add((await ask('/audit')).headers.etag);
  expect(tags.size).toBe(1);
});
