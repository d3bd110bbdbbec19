import { beforeEach, expect, it } from 'vitest';
import type { Done } from '../../../contracts/api/actions.ts';
import { isoOf } from '../../../contracts/api/common.ts';
import { ask, get, told } from '../support/api.ts';
import { useWorld, world } from '../support/use-world.ts';

/* An operator drains an edge, which is told so by what it asks. */

useWorld();
beforeEach(async () => {
  told.length = 0;
  await world.hangups();
});

const reason = 'its host is to be replaced';

async function act(what: 'drain' | 'resume', edgeId = 'edge-1'): Promise<Partial<Done> & { status: number }> {
  const { statusCode, body } = await ask(`/edges/${edgeId}/${what}`, { method: 'POST', body: { reason } });
  return { status: statusCode, ...(JSON.parse(body) as object) };
}
const edges = async () => (await get<{ items: object[] }>('/edges')).items;
const asksOn = (environment = {}) => world.hangups('edge-1', environment);

it('tells the edge at its next ask, and that alone, until it is resumed', async () => {
  await world.hangups('edge-2');
  expect(await act('drain')).toMatchObject({ status: 200, changed: true });
  const drainingSince = isoOf(world.nowMs);
  expect(await asksOn()).toEqual({ hangups: [], draining: true });
  expect(await world.hangups('edge-2')).toEqual({ hangups: [] });
  expect(await edges()).toMatchObject([
    { edgeId: 'edge-1', isUp: true, drainingSince },
    { edgeId: 'edge-2' },
  ]);
  // Over many leases, and another start of its application.
  for (let seconds = 0; seconds < 120; seconds += 2) {
    world.pass(2);
    expect(await asksOn({ generation: seconds < 60 ? 1 : 2 })).toEqual({ hangups: [], draining: true });
  }
  expect(await act('resume')).toMatchObject({ status: 200, changed: true });
  expect(await asksOn({ generation: 2 })).toEqual({ hangups: [] });
  expect((await edges())[0]).not.toHaveProperty('drainingSince');
});

it('is kept with who, when and why, and harmless twice', async () => {
  await act('drain');
  expect(await act('drain')).toMatchObject({ status: 200, changed: false });
  world.pass(1);
  await act('resume');
  expect(await act('resume')).toMatchObject({ status: 200, changed: false });
  const { items } = await get<{ items: object[] }>('/audit');
  expect(items).toMatchObject([
    { action: 'resume-edge', subject: 'edge-1', reason },
    { action: 'drain-edge', subject: 'edge-1', reason },
  ]);
  expect(told).toMatchObject([{ action: 'drain-edge' }, { action: 'resume-edge' }]);
});

it('ends with the edge: its name may come to another host', async () => {
  await act('drain');
  world.pass(46);
  expect(await act('drain')).toMatchObject({ status: 409 });
  expect(await asksOn({ generation: 2 })).toEqual({ hangups: [] });
  expect(await act('resume')).toMatchObject({ status: 200, changed: false });
});

it('is refused for an edge that there is not', async () => {
  expect(await act('drain', 'nobody')).toMatchObject({ status: 404 });
  expect(await act('resume', 'nobody')).toMatchObject({ status: 404 });
  expect(await world.hangups('nobody')).toEqual({ hangups: [] });
});
