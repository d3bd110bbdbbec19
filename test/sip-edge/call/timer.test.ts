import { expect, it } from 'vitest';
import type { SipDialog } from '../../support/sip-peer/dialog.ts';
import { answerCall, type SipPeer } from '../../support/sip-peer/peer.ts';
import { answer, offer } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();

/** A call whose caller refreshes its session. */
async function timedCall(sessionExpires = '1800;refresher=uac') {
  const scene = await suite.open();
  const headers = { Supported: 'timer', 'Session-Expires': sessionExpires };
  const call = scene.dial('room', { body: offer, headers });
  const invite = await scene.gateway.incoming('INVITE');
  const { callee, answer: answered } = await answerCall(call, invite, { body: answer });
  return { scene, invite, answered, caller: call.dialog, gateway: callee };
}

/** One side sends a re-INVITE or UPDATE. @returns it as the other gets it, and the answer that comes back */
async function refresh(from: SipDialog, to: SipPeer, method: string, asked = {}, answered = {}) {
  const pending = from.ask(method, { body: offer, headers: asked });
  const arrived = await to.incoming(method);
  arrived.reply(200, { body: answer, headers: answered });
  const result = await pending;
  return { arrived: arrived.headers, answered: result.headers };
}

it.each(['1800;refresher=uac', '1800'])('takes up a timer of %s that the caller keeps', async (asked) => {
  const { scene, invite, answered, caller } = await timedCall(asked);
  expect(answered.header('session-expires')).toBe('1800;refresher=uac');
  expect(answered.header('require')).toBe('timer');
  // The gateway's leg has a timer of its own, or none.
  expect(invite.headers.has('session-expires')).toBe(false);
  await scene.hangUp(caller);
});

it.each(['INVITE', 'UPDATE'])(
  'keeps the timer of a leg in an %s that comes from the other',
  async (method) => {
    const { scene, caller, gateway } = await timedCall();
    const goesOn = { 'Session-Expires': '1800;refresher=uas', Require: 'timer' };
    const { arrived, answered } = await refresh(gateway, scene.caller, method, {}, goesOn);
    expect(arrived.get('session-expires')).toBe('1800;refresher=uas');
    expect(arrived.get('supported')).toContain('timer');
    expect(answered.has('session-expires')).toBe(false);

    // Without Session-Expires in its 2xx the timer is over (RFC 4028 7.2).
    await refresh(gateway, scene.caller, method, {}, {});
    const after = await refresh(gateway, scene.caller, method, {}, {});
    expect(after.arrived.has('session-expires')).toBe(false);
    await scene.hangUp(caller);
  },
);

it.each(['INVITE', 'UPDATE'])(
  'answers the %s of who refreshes, and asks the other side for no timer',
  async (method) => {
    const { scene, caller } = await timedCall();
    const asked = { Supported: 'timer', 'Session-Expires': '1800;refresher=uac' };
    const { arrived, answered } = await refresh(caller, scene.gateway, method, asked);
    expect(arrived.has('session-expires')).toBe(false);
    expect(answered.get('session-expires')).toBe('1800;refresher=uac');
    expect(answered.get('require')).toBe('timer');
    await scene.hangUp(caller);
  },
);

it('keeps a timer that the gateway brings', async () => {
  const scene = await suite.open();
  const call = scene.dial();
  const invite = await scene.gateway.incoming('INVITE');
  const headers = { 'Session-Expires': '600;refresher=uas' };
  const { answer: answered } = await answerCall(call, invite, { body: answer, headers });
  expect(answered.headers.has('session-expires')).toBe(false);
  const { arrived } = await refresh(call.dialog, scene.gateway, 'INVITE');
  expect(arrived.get('session-expires')).toBe('600;refresher=uas');
  await scene.hangUp(call.dialog);
});
