import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { tagOf } from '../../../sip/name-addr.ts';
import { ControlPlaneUnavailable } from '../../../sip-edge/ports.ts';
import { eventually } from '../../support/eventually.ts';
import { answerCall, type SipPeer } from '../../support/sip-peer/peer.ts';
import { isOurServer } from '../../support/sip-server.ts';
import { startTestEdge } from './support/edge.ts';
import { answer, type Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;

/** The application is killed, and started again with nothing in memory. */
async function restartEdge(): Promise<void> {
  scene.edge.kill();
  scene.edge = await startTestEdge(suite.server, scene.world);
}

const takenOver = () => eventually(() => expect(scene.edge.handler.activeCalls).toBe(1));

describe('an application that was killed in a call and started again', () => {
  it('lets the call go on, and ends it at the gateway when the caller hangs up', async () => {
    scene = await suite.open({ transport: 'tcp' });
    const { caller } = await scene.establish();
    await restartEdge();
    await takenOver();
    const atCaller = scene.caller.answers('OPTIONS');
    const atGateway = scene.gateway.answers('OPTIONS', 405);
    await eventually(() => expect(atCaller() + atGateway()).toBeGreaterThan(6));
    expect(scene.world.ends).toEqual([]);

    // drachtio has nobody to give the BYE to.
    expect([200, 481]).toContain((await caller.bye()).status);
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectEnd({
      type: 'call.ended',
      by: 'caller',
      outcome: 'answered',
      gateway: scene.gateway.name,
    });
  });

  it('ends it at the caller when the gateway hangs up', async () => {
    scene = await suite.open({ transport: 'udp' });
    const { gateway } = await scene.establish();
    await restartEdge();
    await takenOver();
    scene.caller.answers('OPTIONS');
    scene.gateway.answers('OPTIONS');
    expect([200, 481]).toContain((await gateway.bye()).status);
    (await scene.caller.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', by: 'gateway', outcome: 'answered' });
  });

  it('ends it when one side says it has no such call', async () => {
    scene = await suite.open({ transport: 'tcp' });
    await scene.establish();
    await restartEdge();
    scene.caller.answers('OPTIONS');
    scene.gateway.answers('OPTIONS', 481);
    (await scene.caller.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', by: 'gateway' });
  });

  it('ends it when one side answers no probe any more', async () => {
    scene = await suite.open({ transport: 'tcp' });
    await scene.establish();
    await restartEdge();
    scene.gateway.answers('OPTIONS');
    (await scene.gateway.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', by: 'caller' });
  });

  it('hangs up the caller of a gateway that is lost', async () => {
    scene = await suite.open({ transport: 'tcp' });
    const { callId } = await scene.establish();
    await restartEdge();
    await takenOver();
    scene.caller.answers('OPTIONS');
    scene.gateway.answers('OPTIONS');
    scene.edge.handler.onGatewayLost({ callId, gateway: scene.gateway.name });
    (await scene.caller.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', outcome: 'gateway-lost' });
  });

  it('asks for its calls until the control plane answers', async () => {
    scene = await suite.open({ transport: 'tcp' });
    const { caller } = await scene.establish();
    const { world } = scene;
    const listEdgeCalls = world.listEdgeCalls.bind(world);
    let asked = 0;
    world.listEdgeCalls = async () => {
      asked += 1;
      if (asked === 1) throw new ControlPlaneUnavailable('network', 'no answer');
      return listEdgeCalls();
    };
    await restartEdge();
    await takenOver();
    scene.gateway.answers('OPTIONS');
    await scene.hangUp(caller);
  });
});

describe('an application whose connection to drachtio breaks', () => {
  it('goes on with the call, and ends it at the gateway when the caller hangs up', async () => {
    scene = await suite.open({ transport: 'tcp' });
    const { caller } = await scene.establish();
    const reconnected = new Promise<void>((resolve) => scene.edge.srf.once('connect', resolve));
    scene.edge.breakConnection();
    await reconnected;
    expect(scene.edge.handler.activeCalls).toBe(1);
    scene.caller.answers('OPTIONS');
    scene.gateway.answers('OPTIONS');
    await scene.hangUp(caller);
    expect(scene.world.ends).toMatchObject([{ type: 'call.ended', by: 'caller' }]);
  });
});

describe.runIf(isOurServer)('drachtio killed', () => {
  it('in a call leaves it lost with the edge, and a new call goes through', async () => {
    scene = await suite.open({ transport: 'udp' });
    const { caller, gateway } = await scene.establish();
    await suite.server.crash();
    await suite.server.restart();
    // The new one knows no dialog, and the two sides still hold theirs: each is told within its own.
    for (const [peer, dialog] of [
      [scene.caller, caller],
      [scene.gateway, gateway],
    ] as const) {
      const bye = await peer.incoming('BYE');
      expect(bye.header('call-id')).toBe(dialog.callId);
      expect(tagOf(bye.header('to'))).toBe(tagOf(dialog.local));
      expect(tagOf(bye.header('from'))).toBe(tagOf(dialog.remote));
      expect(bye.uri).toBe(peer.contact);
      expect(bye.header('reason')).toContain('edge-lost');
      bye.reply(200);
    }
    await scene.expectEnd({ type: 'call.ended', by: 'edge', outcome: 'edge-lost' });

    const call = scene.dial();
    await answerCall(call, await scene.gateway.incoming('INVITE'), { body: answer });
    await scene.hangUp(call.dialog, { ends: 2 });
  });

  // Nothing beside it can keep drachtio 0.9.10 from that (docs/security.md).
  it.runIf(process.env.DRACHTIO)('by the answer of a gateway, is there again for the next call', async () => {
    scene = await suite.open({ transport: 'udp' });
    scene.dial();
    const gone = once(scene.edge.srf, 'close');
    (await scene.gateway.incoming('INVITE')).reply(200, { body: answer, headers: { Contact: '*' } });
    await gone;
    await suite.server.crash();
    await suite.server.restart();
    await scene.expectEnd({ type: 'call.failed', outcome: 'edge-lost' });

    const call = scene.dial();
    await answerCall(call, await scene.gateway.incoming('INVITE'), { body: answer });
    await scene.hangUp(call.dialog, { ends: 2 });
  });

  it('in set-up leaves nothing locked', async () => {
    scene = await suite.open({ transport: 'udp', settings: { gatewayTimeoutMs: 1000 } });
    scene.dial();
    (await scene.gateway.incoming('INVITE')).reply(180);
    await suite.server.crash();
    await suite.server.restart();
    await scene.expectEnd({ type: 'call.failed', outcome: 'edge-lost' });
  });
});

describe('a gateway that is lost', () => {
  it('in a call: the caller is hung up', async () => {
    scene = await suite.open({ transport: 'tcp' });
    const { callId } = await scene.establish();
    scene.edge.handler.onGatewayLost({ callId, gateway: scene.gateway.name });
    const bye = await scene.caller.incoming('BYE');
    expect(bye.header('reason')).toContain('gateway-lost');
    expect(bye.header('reason')).toContain(callId);
    bye.reply(200);
    await scene.expectEnd({
      type: 'call.ended',
      by: 'gateway',
      outcome: 'gateway-lost',
      gateway: scene.gateway.name,
    });
  });

  it('while it rings: the next is tried', async () => {
    scene = await suite.open({ transport: 'tcp', gateways: 2 });
    const [, second] = scene.gateways as [SipPeer, SipPeer];
    const call = scene.dial();
    (await scene.gateway.incoming('INVITE')).reply(180);
    await call.answer(180);
    scene.edge.handler.onGatewayLost({ callId: call.callId, gateway: scene.gateway.name });
    (await second.incoming('INVITE')).reply(486);
    const refusal = await call.refusal();
    expect(refusal.status).toBe(500);
    expect(refusal.header('reason')).toContain('gateway-failed');
    await scene.expectAllOver();
  });
});
