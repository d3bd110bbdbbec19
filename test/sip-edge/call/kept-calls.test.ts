import { expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { startTestEdge } from './support/edge.ts';
import type { Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/* What the table does not know yet, or not any more, the edge's disk does. */

const suite = new Suite();
let scene: Scene;

it('takes a call over that was answered while nobody could say so', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { world } = scene;
  const { caller } = await scene.establish();
  scene.caller.answers('OPTIONS');
  // The fact of the answer is on its way while the table is read, also the second time and the third.
  const listEdgeCalls = world.listEdgeCalls.bind(world);
  let asked = 0;
  world.listEdgeCalls = async () => {
    const { calls } = await listEdgeCalls();
    asked += 1;
    return asked <= 3
      ? { calls: calls.map(({ gatewayDialogId: _, ...call }) => ({ ...call, state: 'offered' as const })) }
      : { calls };
  };
  scene.edge.kill();
  scene.edge = await startTestEdge(suite.server, world);
  await eventually(() => expect(scene.edge.handler.activeCalls).toBe(1));
  expect(world.ends).toEqual([]);
  scene.gateway.answers('OPTIONS');
  await scene.hangUp(caller);
});

it('hangs the gateway up whose caller left while nobody heard it, though the table has not heard of the answer', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { world } = scene;
  const { caller } = await scene.establish();
  const { calls } = await world.listEdgeCalls();
  world.listEdgeCalls = async () => ({
    calls: calls.map(({ gatewayDialogId: _, ...call }) => ({ ...call, state: 'offered' as const })),
  });
  scene.edge.kill();
  await caller.bye();
  scene.caller.answers('OPTIONS', 481);
  scene.gateway.answers('OPTIONS');
  scene.edge = await startTestEdge(suite.server, world);
  (await scene.gateway.incoming('BYE')).reply(200);
  await scene.expectEnd({ type: 'call.ended', by: 'caller', outcome: 'answered' });
});

it('hangs the caller up whose gateway left while nobody heard it, though the table has ended the call', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { gateway } = await scene.establish();
  scene.world.listEdgeCalls = async () => ({ calls: [] });
  scene.edge.kill();
  await gateway.bye();
  scene.caller.answers('OPTIONS');
  scene.gateway.answers('OPTIONS', 481);
  scene.edge = await startTestEdge(suite.server, scene.world);
  (await scene.caller.incoming('BYE')).reply(200);
  await scene.expectEnd({ type: 'call.ended', by: 'gateway', outcome: 'answered' });
});

it('hangs both sides up where SIP server and application died together', async () => {
  scene = await suite.open({ transport: 'udp' });
  await scene.establish();
  scene.edge.kill();
  await suite.server.crash();
  await suite.server.restart();
  scene.edge = await startTestEdge(suite.server, scene.world);
  const byes = await Promise.all([scene.caller, scene.gateway].map((peer) => peer.incoming('BYE')));
  for (const bye of byes) bye.reply(200);
  await scene.expectEnd({ type: 'call.ended', by: 'edge', outcome: 'edge-lost' });
});
