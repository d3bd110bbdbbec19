import { describe, expect, it } from 'vitest';
import type { IncomingRequest } from '../../../support/sip-peer/dialog.ts';
import { answerCall, type SipPeer } from '../../../support/sip-peer/peer.ts';
import { expectRefusal } from '../support/refusal.ts';
import { answer, type Scene, takeCancel } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

/* Gateways that answer OPTIONS and say nothing of the call: their main loop runs, and the INVITE is lost in it. */

const suite = new Suite();
let scene: Scene;
const at = (index: number) => scene.gateways[index] as SipPeer;

async function open(gateways: number, ringLimitSec = 2): Promise<void> {
  scene = await suite.open({ gateways, settings: { gatewayTimeoutMs: 200, ringLimitSec } });
  at(0).answers('OPTIONS');
}

/** The gateway works on the call, it says, and never says more. */
async function think(gateway: SipPeer): Promise<IncomingRequest> {
  const invite = await gateway.incoming('INVITE');
  invite.reply(100);
  return invite;
}

it('does not take a gateway for silent that thinks, and answers OPTIONS', async () => {
  await open(2, 30);
  const call = scene.dial(at(0).name);
  const invite = await think(at(0));
  // A call that began later, at a gateway that is silent, is given up: so would this one be by now.
  const later = scene.dial(at(1).name);
  await at(1).incoming('INVITE');
  await later.refusal();
  await answerCall(call, invite, { body: answer });
  await scene.hangUp(call.dialog, { gateway: at(0), ends: 2 });
});

describe('a gateway that thinks for longer than one may ring', () => {
  it('is cancelled as a silent one, while its caller hears 180, and the next is tried', async () => {
    await open(2);
    const call = scene.dial();
    const invite = await think(at(0));
    expect((await call.answer(180)).header('contact')).toContain('sip:');
    await takeCancel(at(0), invite);
    await answerCall(call, await at(1).incoming('INVITE'), { body: answer });
    expect(scene.world.commands[1]?.failed).toEqual([{ username: at(0).name, cause: 'silent' }]);
    await scene.hangUp(call.dialog, { gateway: at(1) });
  });

  it('and is the only one: the caller is told so', async () => {
    await open(1);
    const call = scene.dial();
    await takeCancel(at(0), await think(at(0)));
    expectRefusal(await call.refusal(), 500, 'gateway-failed', call.callId);
    await scene.expectAllOver();
  });
});

it('gives up a gateway that does not even say 100, and tries the next', async () => {
  await open(2);
  const call = scene.dial();
  await at(0).incoming('INVITE');
  await answerCall(call, await at(1).incoming('INVITE'), { body: answer });
  expect(scene.world.commands[1]?.failed).toEqual([{ username: at(0).name, cause: 'silent' }]);
  await scene.hangUp(call.dialog, { gateway: at(1) });
});
