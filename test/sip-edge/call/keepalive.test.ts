import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;

const settings = { keepaliveIntervalMs: 500, probeTimeoutMs: 500 };

describe('a call that is up', () => {
  it('is spoken of on both sides again and again, and goes on whatever the answer to OPTIONS', async () => {
    scene = await suite.open({ transport: 'udp', settings });
    const { caller } = await scene.establish();
    const atCaller = scene.caller.answers('OPTIONS', 405);
    const atGateway = scene.gateway.answers('OPTIONS');
    await eventually(() => expect(atCaller() + atGateway()).toBeGreaterThan(5));
    expect(scene.world.ends).toEqual([]);

    expect((await caller.bye()).status).toBe(200);
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectAllOver();
  });

  it('ends when its caller is gone without a BYE, so that its gateway is free for others', async () => {
    scene = await suite.open({ transport: 'udp', settings });
    await scene.establish();
    scene.gateway.answers('OPTIONS');
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', by: 'caller', outcome: 'answered' });
  });

  it('ends when its gateway has forgotten it', async () => {
    scene = await suite.open({ transport: 'tcp', settings });
    await scene.establish();
    scene.caller.answers('OPTIONS');
    scene.gateway.answers('OPTIONS', 481);
    (await scene.caller.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', by: 'gateway', outcome: 'answered' });
  });
});
