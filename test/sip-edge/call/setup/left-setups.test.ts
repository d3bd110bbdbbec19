import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import type { IncomingRequest } from '../../../support/sip-peer/dialog.ts';
import { startTestEdge } from '../support/edge.ts';
import { expectRefusal } from '../support/refusal.ts';
import { answer, type Scene, takeCancel } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

/* The application dies, or loses drachtio, while calls are set up: both sides are told, and nobody rings for nothing. */

const suite = new Suite();
let scene: Scene;

const startAgain = async () => {
  scene.edge = await startTestEdge(suite.server, scene.world);
};
const ended = () => scene.expectEnd({ type: 'call.failed', outcome: 'edge-lost' });

/** Rings, and the edge has heard from drachtio by which id the gateway was sent its INVITE: milliseconds after it. */
async function ring() {
  const rung = await scene.ring();
  const directory = join(scene.world.stateDir, 'calls');
  const notes = () => readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  await eventually(() => expect(notes().join()).toContain('"offers":[{'));
  return rung;
}

/** The gateway, which has answered, is acknowledged and hung up. */
async function takeBye(invite: IncomingRequest): Promise<void> {
  await invite.ack();
  (await scene.gateway.incoming('BYE')).reply(200);
}

describe.each(['udp', 'tcp'] as const)(
  'a call over %s that rings as the application is killed',
  (transport) => {
    it('is refused by the next one, and its gateway cancelled', async () => {
      scene = await suite.open({ transport });
      const { call, invite } = await ring();
      scene.edge.kill();
      await startAgain();
      await takeCancel(scene.gateway, invite);
      expectRefusal(await call.refusal(), 503, 'edge-lost', call.callId);
      await ended();
    });

    it('is refused, and a gateway that has answered meanwhile is hung up', async () => {
      scene = await suite.open({ transport });
      const { call, invite } = await ring();
      scene.edge.kill();
      invite.reply(200, { body: answer });
      await startAgain();
      await takeBye(invite);
      expect((await call.refusal()).status).toBe(503);
      await ended();
    });

    it('is refused, and a gateway that answers as it is cancelled is hung up', async () => {
      scene = await suite.open({ transport });
      const { call, invite } = await ring();
      scene.edge.kill();
      await startAgain();
      (await scene.gateway.incoming('CANCEL')).reply(200);
      invite.reply(200, { body: answer });
      await takeBye(invite);
      expect((await call.refusal()).status).toBe(503);
      await ended();
    });
  },
);

it('refuses a call that waited for a gateway as the application was killed', async () => {
  scene = await suite.open({ transport: 'udp' });
  scene.world.script.push(() => ({ result: 'waiting', cause: 'starting', ahead: 0, askAgainSec: 60 }));
  const call = scene.dial();
  await call.answer(180);
  scene.edge.kill();
  await startAgain();
  expect((await call.refusal()).status).toBe(503);
  // The table has not heard of it.
  await ended();
});

it('tells that a caller gave up, though the application is killed before the control plane has answered', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const asked = Promise.withResolvers<void>();
  scene.world.script.push(() => {
    asked.resolve();
    return new Promise(() => {});
  });
  const call = scene.dial();
  await asked.promise;
  call.cancel();
  expect((await call.refusal()).status).toBe(487);
  await eventually(() => expect(scene.edge.cancels).toBe(1));
  scene.edge.kill();
  await startAgain();
  await scene.expectEnd({ type: 'call.cancelled', callId: call.callId, gatewayAnswered: false });
});

it('ends both legs of what rang as the connection to drachtio broke, before the gateway is free for others', async () => {
  scene = await suite.open({ transport: 'tcp', settings: { gatewayTimeoutMs: 1000 } });
  const { call, invite } = await ring();
  scene.edge.breakConnection();
  await takeCancel(scene.gateway, invite);
  expect((await call.refusal()).status).toBe(503);
  await ended();
});

it('leaves alone what was answered, and nothing of it on the disk', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { caller } = await scene.establish();
  scene.edge.kill();
  // The process died as it wrote another.
  writeFileSync(join(scene.world.stateDir, 'calls', 'half.json'), '{"callId":');
  await startAgain();
  await eventually(() => expect(scene.edge.handler.activeCalls).toBe(1));
  scene.caller.answers('OPTIONS');
  scene.gateway.answers('OPTIONS');
  await scene.hangUp(caller);
  expect(scene.gateway.count('CANCEL')).toBe(0);
});

it('costs no call where the disk takes nothing, and says so once', async () => {
  scene = await suite.open({ transport: 'tcp' });
  rmSync(scene.world.stateDir, { recursive: true });
  const { caller } = await scene.establish();
  await scene.hangUp(caller);
  const errors = scene.edge.logged.filter(({ event }) => event === 'journal-failed');
  expect(errors).toHaveLength(1);
});
