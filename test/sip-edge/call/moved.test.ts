import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { SipDialog } from '../../support/sip-peer/dialog.ts';
import type { SipPeer } from '../../support/sip-peer/peer.ts';
import { answer, offer, openPeer, type Scene, type SceneOptions } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/* A side that is elsewhere than where its call began: the end of the call must reach it there. */

const suite = new Suite();
let moved: SipPeer | undefined;

afterEach(() => moved?.close());

async function established(options: SceneOptions = {}) {
  const scene = await suite.open(options);
  moved = await openPeer('udp', suite.server, 'moved');
  const { caller, gateway } = await scene.establish();
  return { scene, moved, caller, gateway };
}

/** The gateway hangs up, and the caller says 200 there. */
async function endAt(scene: Scene, gateway: SipDialog, there: SipPeer): Promise<void> {
  const over = gateway.bye();
  (await there.incoming('BYE')).reply(200);
  expect((await over).status).toBe(200);
  await scene.expectEnd({ type: 'call.ended', by: 'gateway', outcome: 'answered' });
}

describe.each(['INVITE', 'UPDATE'])('a caller that named another Contact in its %s', (method) => {
  it('hears there of the end', async () => {
    const { scene, moved, caller, gateway } = await established();
    const asked = caller.ask(method, { headers: { Contact: `<${moved.contact}>` }, body: offer });
    const request = await scene.gateway.incoming(method);
    request.reply(200, { body: answer });
    expect((await asked).status).toBe(200);
    if (method === 'INVITE') await request.ack();
    await endAt(scene, gateway, moved);
  });
});

describe('a caller to whom its NAT has given another port', () => {
  async function rebound(options: SceneOptions = {}) {
    const { scene, moved, caller, gateway } = await established(options);
    moved.host = '192.0.2.7';
    const asked = new SipDialog(moved, caller).ask('INFO', { cseq: 7, contentType: 'text/plain', body: 'x' });
    (await scene.gateway.incoming('INFO')).reply(200);
    expect((await asked).status).toBe(200);
    return { scene, moved, gateway };
  }

  it('hears there of the end', async () => {
    const { scene, moved, gateway } = await rebound();
    await endAt(scene, gateway, moved);
  });

  it('is found there when it is asked whether it is there', async () => {
    const { scene, moved, gateway } = await rebound({
      settings: { keepaliveIntervalMs: 500, probeTimeoutMs: 500 },
    });
    scene.gateway.answers('OPTIONS');
    const asked = moved.answers('OPTIONS');
    // More than the misses that would end the call.
    await eventually(() => expect(asked()).toBeGreaterThan(8));
    expect(scene.world.ends).toEqual([]);
    await endAt(scene, gateway, moved);
  });
});
