import { describe, expect, it } from 'vitest';
import { ControlPlaneUnavailable } from '../../../../sip-edge/ports.ts';
import { answerCall } from '../../../support/sip-peer/peer.ts';
import { expectRefusal } from '../support/refusal.ts';
import { answer, offer, type Scene } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

const suite = new Suite();
let scene: Scene;

describe('a call that gets no gateway', () => {
  it('because none is free is refused with 503, the cause and Retry-After', async () => {
    scene = await suite.open({ gateways: 0 });
    const call = scene.dial();
    const refusal = await call.refusal();
    expectRefusal(refusal, 503, 'pool-exhausted: none-free', call.callId);
    expect(refusal.header('retry-after')).toBe('7');
    await scene.expectAllOver();
  });

  it('because the control plane is down is refused with 503 and Retry-After', async () => {
    scene = await suite.open();
    scene.world.script.push(() => Promise.reject(new ControlPlaneUnavailable('timeout', 'no answer')));
    const call = scene.dial();
    const refusal = await call.refusal();
    expectRefusal(refusal, 503, 'control-plane-unavailable', call.callId);
    expect(Number(refusal.header('retry-after'))).toBeGreaterThan(0);
    await scene.expectAllOver();
  });

  it('because its Call-ID was used before is refused with 482, not with the outcome of that call', async () => {
    scene = await suite.open();
    scene.world.script.push(() => ({ result: 'refused', outcome: 'answered' }));
    const call = scene.dial();
    expectRefusal(await call.refusal(), 482, 'loop-detected', call.callId);
    await scene.expectAllOver();
  });

  it('because this application fails is refused with 503, and the lock is released', async () => {
    scene = await suite.open();
    scene.world.script.push((command) => {
      scene.world.grant(command);
      throw new TypeError('a bug');
    });
    const call = scene.dial();
    expectRefusal(await call.refusal(), 503, 'edge-lost', call.callId);
    await scene.expectAllOver();
  });

  it('because the one asked for by name is not registered is refused with 480', async () => {
    scene = await suite.open();
    const call = scene.dial('10.9.9.9.mediagw.1');
    expectRefusal(await call.refusal(), 480, 'not-registered', call.callId);
    await scene.expectAllOver();
  });

  it.each([
    ['', 'no-room'],
    ['@', 'no-room'],
    ['%20@', 'no-room'],
    ['..%2f@', 'unreadable-room'],
    ['12%27%29%3Balert(1)%3B%2F%2F@', 'unreadable-room'],
  ])('because sip:%shost names none is refused with 484, %s', async (user, outcome) => {
    scene = await suite.open();
    const { host, port } = suite.server.sip;
    const call = scene.caller.call(`sip:${user}${host}:${port}`, { body: offer });
    expectRefusal(await call.refusal(), 484, outcome, call.callId);
    expect(scene.world.commands).toEqual([]);
    expect(scene.world.factsOf('call.failed')).toMatchObject([{ outcome }]);
  });
});

it('tells a caller that must wait that it rings, asks again, and goes through when a gateway is free', async () => {
  scene = await suite.open({ transport: 'tcp' });
  const waiting = () => ({ result: 'waiting', cause: 'starting', ahead: 0, askAgainSec: 0.1 }) as const;
  scene.world.script.push(waiting, waiting);
  const call = scene.dial();
  await call.answer(180);
  const invite = await scene.gateway.incoming('INVITE');
  await answerCall(call, invite, { body: answer });
  expect(scene.world.commands.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  await scene.hangUp(call.dialog);
});

it('gives up waiting at the limit with 503 and Retry-After', async () => {
  scene = await suite.open({ settings: { waitLimitSec: 1 } });
  const ask = {
    result: 'waiting',
    cause: 'starting',
    ahead: 3,
    askAgainSec: 0.3,
    estimateSec: 19.5,
  } as const;
  scene.world.script.push(...Array.from({ length: 20 }, () => () => ask));
  const call = scene.dial();
  await call.answer(180);
  const refusal = await call.refusal();
  expectRefusal(refusal, 503, 'start-timeout: starting', call.callId);
  expect(Number(refusal.header('retry-after'))).toBe(20);
  await scene.expectAllOver();
});
