import { describe, expect, it } from 'vitest';
import type { SipDialog } from '../../support/sip-peer/dialog.ts';
import type { SipPeer } from '../../support/sip-peer/peer.ts';
import { answer, offer, takeCancel } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
const other = offer.replace('4000', '4400');
const elsewhere = 'SIP;cause=200;text="Call completed elsewhere"';

it('tells the gateway why the caller gave up, as the caller says', async () => {
  const scene = await suite.open();
  const { call, invite } = await scene.ring();
  call.cancel({ Reason: elsewhere });
  expect((await call.refusal()).status).toBe(487);
  expect((await takeCancel(scene.gateway, invite)).header('reason')).toBe(elsewhere);
  await scene.expectEnd({ type: 'call.cancelled' });
});

// drachtio 0.9.10 answers it by 481 itself and tells the application nothing.
it.skipIf(process.env.DRACHTIO)(
  'cancels the gateway where a caller ends its early dialog by BYE',
  async () => {
    const scene = await suite.open();
    const call = scene.dial();
    const invite = await scene.gateway.incoming('INVITE');
    invite.reply(180);
    const early = call.early(await call.answer(180));
    expect((await early.bye()).status).toBe(200);
    expect((await call.refusal()).status).toBe(487);
    await takeCancel(scene.gateway, invite);
    await scene.expectEnd({ type: 'call.cancelled' });
  },
);

it.runIf(process.env.DRACHTIO)('of which the next 180 tells that it is over', async () => {
  const scene = await suite.open();
  const call = scene.dial();
  const invite = await scene.gateway.incoming('INVITE');
  invite.reply(180);
  const early = call.early(await call.answer(180));
  expect((await early.bye()).status).toBe(481);
  invite.reply(180);
  await takeCancel(scene.gateway, invite);
  await scene.expectEnd({ type: 'call.cancelled' });
});

// drachtio 0.9.10 tells the application nothing of the CANCEL of a re-INVITE.
const sides = process.env.DRACHTIO ? [] : (['caller', 'gateway'] as const);
describe.each(sides)('a re-INVITE that the %s gives up', (side) => {
  const establish = async () => {
    const scene = await suite.open();
    const dialogs = await scene.establish();
    const here: SipDialog = dialogs[side];
    const there: SipPeer = side === 'caller' ? scene.gateway : scene.caller;
    return { scene, dialogs, here, there };
  };

  it('is cancelled on the other leg', async () => {
    const { scene, dialogs, here, there } = await establish();
    const reinvite = here.send('INVITE', { body: other });
    const arrived = await there.incoming('INVITE');
    arrived.reply(100);
    here.cancel(reinvite, { Reason: elsewhere });
    const refused = await here.peer.answer(reinvite);
    expect(refused.status).toBe(487);
    here.refuse(reinvite, refused);
    expect((await takeCancel(there, arrived)).header('reason')).toBe(elsewhere);
    await scene.hangUp(dialogs.caller);
  });

  it('is undone where the other leg had answered', async () => {
    const { scene, dialogs, here, there } = await establish();
    const before = side === 'caller' ? offer : answer;
    const reinvite = here.send('INVITE', { body: other });
    const arrived = await there.incoming('INVITE');
    arrived.reply(100);
    here.cancel(reinvite);
    here.refuse(reinvite, await here.peer.answer(reinvite));
    (await there.incoming('CANCEL')).reply(200);
    await arrived.accept({ body: answer });
    const again = await there.incoming('INVITE');
    expect(again.text).toBe(before);
    await again.accept({ body: answer });
    await scene.hangUp(dialogs.caller);
  });
});

describe.each(['INVITE', 'INFO'])('a call that ends while %s has no answer', (method) => {
  it.each(['caller', 'gateway'] as const)('answers the %s by 487, whoever hangs up', async (side) => {
    const scene = await suite.open();
    const dialogs = await scene.establish();
    const isCaller = side === 'caller';
    const [here, there] = isCaller ? [scene.caller, scene.gateway] : [scene.gateway, scene.caller];
    const asked = dialogs[side].ask(method, { body: other });
    await there.incoming(method);
    const over = (isCaller ? dialogs.gateway : dialogs.caller).bye();
    expect((await asked).status).toBe(487);
    (await here.incoming('BYE')).reply(200);
    expect((await over).status).toBe(200);
    await scene.expectAllOver();
  });
});
