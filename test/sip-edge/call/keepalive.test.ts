import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { type SipServer, startSipServer } from '../../support/sip-server.ts';
import { ProbeAnswers } from './support/probes.ts';
import { Scene } from './support/scene.ts';

let server: SipServer;
let scene: Scene;
const probes = new ProbeAnswers();
beforeAll(async () => {
  server = await startSipServer();
});
afterAll(() => server.stop());
afterEach(() => {
  probes.stop();
  return scene.close();
});

const settings = { keepaliveIntervalMs: 500, probeTimeoutMs: 500 };

describe('a call that is up', () => {
  it('is spoken of on both sides again and again, and goes on whatever the answer to OPTIONS', async () => {
    scene = await Scene.open(server, { transport: 'udp', settings });
    const { caller } = await scene.establish();
    probes.answer(scene.caller, 405);
    probes.answer(scene.gateway);
    await eventually(() => expect(probes.answered).toBeGreaterThan(5));
    expect(scene.world.ends).toEqual([]);

    expect((await caller.bye()).status).toBe(200);
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectAllOver();
  });

  it('ends when its caller is gone without a BYE, so that its gateway is free for others', async () => {
    scene = await Scene.open(server, { transport: 'udp', settings });
    await scene.establish();
    probes.answer(scene.gateway);
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectAllOver();
    expect(scene.world.ends).toMatchObject([{ type: 'call.ended', by: 'caller', outcome: 'answered' }]);
  });

  it('ends when its gateway has forgotten it', async () => {
    scene = await Scene.open(server, { transport: 'tcp', settings });
    await scene.establish();
    probes.answer(scene.caller);
    probes.answer(scene.gateway, 481);
    (await scene.caller.incoming('BYE')).reply(200);
    await scene.expectAllOver();
    expect(scene.world.ends).toMatchObject([{ type: 'call.ended', by: 'gateway', outcome: 'answered' }]);
  });
});
