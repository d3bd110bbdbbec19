import { describe, expect, it } from 'vitest';
import type { AllocateAnswer } from '../../../../contracts/commands.ts';
import { eventually } from '../../../support/eventually.ts';
import type { OutgoingCall } from '../../../support/sip-peer/dialog.ts';
import type { SipPeer } from '../../../support/sip-peer/peer.ts';
import type { Transport } from '../../../support/sip-peer/wire.ts';
import { answer, offer, type Scene, takeCancel } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

const suite = new Suite();
let scene: Scene;

const transports: Transport[] = ['udp', 'tcp'];
const at = (index: number) => scene.gateways[index] as SipPeer;

async function expect487(call: OutgoingCall): Promise<void> {
  expect((await call.refusal()).status).toBe(487);
}

/** The server answers the caller itself, and may do so before it tells the application. */
const applicationKnows = () => eventually(() => expect(scene.edge.cancels).toBe(1));

async function expectCancelled(gatewayAnswered: boolean): Promise<void> {
  await scene.expectEnd({ type: 'call.cancelled', gatewayAnswered });
  expect(scene.edge.logged).toMatchObject([{ outcome: 'cancelled' }]);
  for (const gateway of scene.gateways) expect(gateway.leftOver).toEqual([]);
}

describe.each(transports)('the caller gives up (%s)', (transport) => {
  it('while a gateway is being locked: the lock that comes afterwards is released', async () => {
    scene = await suite.open({ transport });
    let grant = (_answer: AllocateAnswer) => {};
    const asked = new Promise<void>((resolve) => {
      scene.world.script.push((command) => {
        resolve();
        return new Promise((done) => {
          grant = () => done(scene.world.grant(command));
        });
      });
    });
    const call = scene.dial();
    await asked;
    call.cancel();
    await expect487(call);
    expect(scene.world.ends).toEqual([]);
    await applicationKnows();
    grant({} as AllocateAnswer);
    await expectCancelled(false);
    expect(scene.world.ends).toMatchObject([{ gateway: scene.gateway.name }]);
  });

  it('while it waits for a gateway', async () => {
    scene = await suite.open({ transport });
    scene.world.script.push(() => ({ result: 'waiting', cause: 'starting', ahead: 0, askAgainSec: 30 }));
    const call = scene.dial();
    await call.answer(180);
    call.cancel();
    await expect487(call);
    await expectCancelled(false);
  });

  it('before the gateway has sent anything', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial();
    const invite = await scene.gateway.incoming('INVITE');
    call.cancel();
    await expect487(call);
    // The CANCEL must wait for a first answer (RFC 3261 9.1).
    expect(scene.gateway.leftOver).toEqual([]);
    invite.reply(180);
    await takeCancel(scene.gateway, invite);
    await expectCancelled(false);
  });

  it('while the gateway rings', async () => {
    scene = await suite.open({ transport });
    const { call, invite } = await scene.ring();
    call.cancel();
    await expect487(call);
    await takeCancel(scene.gateway, invite);
    await expectCancelled(false);
  });

  it('after the time that its INVITE names', async () => {
    scene = await suite.open({ transport });
    const call = scene.dial('room', { body: offer, headers: { Expires: '1' } });
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(180);
    await expect487(call);
    await takeCancel(scene.gateway, invite);
    await expectCancelled(false);
  });

  it('between two gateways', async () => {
    scene = await suite.open({ transport, gateways: 2 });
    const { world } = scene;
    const call = scene.dial();
    const invite = await at(0).incoming('INVITE');
    let grant = () => {};
    world.script.push((command) => {
      call.cancel();
      return new Promise((done) => {
        grant = () => done(world.grant(command));
      });
    });
    invite.reply(486);
    await invite.ack();
    await expect487(call);
    await applicationKnows();
    grant();
    await expectCancelled(false);
    expect(world.ends).toMatchObject([{ gateway: at(1).name }]);
  });

  it('as the gateway answers: the call is answered or cancelled, and no leg is left', async () => {
    scene = await suite.open({ transport });
    for (let round = 1; round <= 12; round++) {
      const { call, invite } = await scene.ring();
      // Which comes first is the server's to say; a little head start for each in turn meets every window.
      if (round % 2 === 0) call.cancel();
      for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
      invite.reply(200, { body: answer });
      for (let turn = 0; turn < round / 3; turn++) await new Promise(setImmediate);
      if (round % 2 === 1) call.cancel();

      const gatewayEnds = invite.ack().then(() => scene.gateway.incoming('BYE'));
      const final = await call.answer();
      // Where the 200 was faster, the caller's user agent hangs up.
      if (final.status === 200) call.dialog.acknowledge(final);
      call.dialog.send('BYE');
      (await gatewayEnds).reply(200);
      await scene.expectAllOver(round);
      const cancelled = { type: 'call.cancelled', gatewayAnswered: true };
      expect(scene.world.ends.at(-1)).toMatchObject(
        final.status === 487 ? cancelled : { type: 'call.ended' },
      );
    }
  });

  it('and the gateway, told so, has answered meanwhile: it is acknowledged and hung up', async () => {
    scene = await suite.open({ transport });
    const { call, invite } = await scene.ring();
    call.cancel();
    await expect487(call);
    (await scene.gateway.incoming('CANCEL')).reply(200);
    invite.reply(200, { body: answer });
    await invite.ack();
    (await scene.gateway.incoming('BYE')).reply(200);
    await expectCancelled(true);
  });
});

it('counts a call as cancelled where the gateway never says what became of it', async () => {
  scene = await suite.open({ transport: 'udp', settings: { gatewayTimeoutMs: 500 } });
  const call = scene.dial();
  await scene.gateway.incoming('INVITE');
  call.cancel();
  await expect487(call);
  await expectCancelled(false);
  expect(scene.world.ends).toMatchObject([{ gateway: scene.gateway.name }]);
});

it('hangs up on a caller that never acknowledges, and on its gateway', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const call = scene.dial();
  const invite = await scene.gateway.incoming('INVITE');
  await invite.accept({ body: answer });
  await call.answer(200);
  const bye = await eventually(() => scene.gateway.incoming('BYE'));
  bye.reply(200);
  (await scene.caller.incoming('BYE')).reply(200);
  await scene.expectEnd({ type: 'call.ended', by: 'edge' });
  expect(bye.header('reason')).toContain('ACK');
});

it('a caller that closes its connection gives up too, as the next 180 finds out', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const { invite } = await scene.ring();
  await scene.caller.close();
  invite.reply(180);
  await takeCancel(scene.gateway, invite);
  await expectCancelled(false);
});
