import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { startTestEdge } from './support/edge.ts';
import type { Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/* An application that was started again takes over what the table shows, also where that is late. */

const suite = new Suite();
let scene: Scene;

/** The application is killed, and started again with nothing in memory. */
async function restartEdge(): Promise<void> {
  scene.edge.kill();
  scene.edge = await startTestEdge(suite.server, scene.world);
}

it('takes a call over that the table shows late, as one that is taken back from the loss of its edge', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { world } = scene;
  const { caller } = await scene.establish();
  const listEdgeCalls = world.listEdgeCalls.bind(world);
  let asked = 0;
  world.listEdgeCalls = async () => {
    asked += 1;
    return asked <= 2 ? { calls: [] } : listEdgeCalls();
  };
  await restartEdge();
  await eventually(() => expect(scene.edge.handler.activeCalls).toBe(1));
  scene.caller.answers('OPTIONS');
  scene.gateway.answers('OPTIONS');
  await scene.hangUp(caller);
});

it('says once that a set-up is lost that no disk knows, however often the table still shows it', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { world } = scene;
  const call = scene.dial();
  await scene.gateway.incoming('INVITE');
  const { calls } = await world.listEdgeCalls();
  const other = '1-6b0dc395-5250bbef3f050f939bcc2ca2';
  const told = () => world.factsOf('call.failed').filter(({ traceId }) => traceId === other);
  const looks: number[] = [];
  world.listEdgeCalls = async () => {
    looks.push(told().length);
    return { calls: calls.map((one) => ({ ...one, traceId: other })) };
  };
  await restartEdge();
  await call.refusal();
  await eventually(() => expect(looks.filter((ends) => ends > 0).length).toBeGreaterThan(2));
  expect(told()).toMatchObject([{ outcome: 'edge-lost' }]);
});

it('says once that a call which the table alone knew of has ended', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { world } = scene;
  await scene.establish();
  const { calls } = await world.listEdgeCalls();
  const looks: number[] = [];
  world.listEdgeCalls = async () => {
    looks.push(world.ends.length);
    return { calls };
  };
  scene.caller.answers('OPTIONS', 481);
  scene.gateway.answers('OPTIONS');
  scene.edge.kill();
  rmSync(join(world.stateDir, 'calls'), { recursive: true });
  scene.edge = await startTestEdge(suite.server, world);
  (await scene.gateway.incoming('BYE')).reply(200);
  await eventually(() => expect(looks.filter((ends) => ends > 0).length).toBeGreaterThan(3));
  expect(world.ends).toMatchObject([{ type: 'call.ended', by: 'caller' }]);
});
