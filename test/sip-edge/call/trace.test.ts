import { expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { answerCall } from '../../support/sip-peer/peer.ts';
import { startTestEdge } from './support/edge.ts';
import { answer, type Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;

/** The trace ids in all that was said of a call: commands, facts, and lines of the log. */
function traceIds(callId: string): (string | undefined)[] {
  const { commands, facts } = scene.world;
  const said: object[] = [...commands, ...facts, ...scene.edge.logged];
  return said
    .filter((one): one is { callId: string; traceId?: string } => 'callId' in one && one.callId === callId)
    .map(({ traceId }) => traceId);
}

it('one trace id stands in all that is said of a call, also at its next gateway and after a restart', async () => {
  scene = await suite.open({ transport: 'tcp', gateways: 2 });
  const [first, second] = scene.gateways;
  if (!first || !second) throw new Error('no gateways');
  const call = scene.dial();
  const refused = await first.incoming('INVITE');
  refused.reply(486);
  await refused.ack();
  await answerCall(call, await second.incoming('INVITE'), { body: answer });
  await eventually(() => expect(scene.world.factsOf('call.answered')).toHaveLength(1));
  const before = traceIds(call.callId);

  scene.edge.kill();
  scene.edge = await startTestEdge(suite.server, scene.world);
  await eventually(() => expect(scene.edge.handler.activeCalls).toBe(1));
  scene.caller.answers('OPTIONS');
  second.answers('OPTIONS');
  await scene.hangUp(call.dialog, { gateway: second });
  // Two commands, two offers, the answer; then the call taken over, its end, and the line of each.
  expect(before).toHaveLength(5);
  const ids = [...before, ...traceIds(call.callId)];
  expect(ids.length).toBeGreaterThan(before.length + 5);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
});

it('a call that comes again with its Call-ID has another trace', async () => {
  scene = await suite.open({ transport: 'udp', gateways: 0 });
  for (let tries = 0; tries < 2; tries += 1) {
    const call = scene.dial('room', { callId: 'again@test' });
    expect((await call.refusal()).status).toBe(503);
  }
  await eventually(() => expect(scene.world.factsOf('call.failed')).toHaveLength(2));
  const ids = scene.world.factsOf('call.failed').map(({ traceId }) => traceId);
  expect(new Set(ids).size).toBe(2);
});
