import { describe, expect, it } from 'vitest';
import type { ReceivedResponse } from '../../support/sip-peer/message.ts';
import { answerCall, type SipPeer } from '../../support/sip-peer/peer.ts';
import type { Transport } from '../../support/sip-peer/wire.ts';
import { freeSipPort } from '../../support/sip-server.ts';
import { answer, offer, type Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;

const transports: Transport[] = ['udp', 'tcp'];
const at = (index: number) => scene.gateways[index] as SipPeer;

/** What a refused caller must find: the outcome and the correlation id. */
function expectRefusal(refusal: ReceivedResponse, status: number, outcome: string, callId: string): void {
  expect(refusal.status).toBe(status);
  const reason = refusal.header('reason');
  expect(reason).toContain(`SIP;cause=${status};text="${outcome}`);
  expect(reason).toContain(callId);
}

describe.each(transports)('over %s, a gateway that does not take the call', (transport) => {
  it.each([302, 404, 486, 503, 600])('but answers %i leaves it to the next', async (status) => {
    scene = await suite.open({ transport, gateways: 2 });
    const call = scene.dial();
    const first = await at(0).incoming('INVITE');
    first.reply(status, status === 302 ? { headers: { Contact: '<sip:elsewhere@127.0.0.1>' } } : {});
    await first.ack();
    const second = await at(1).incoming('INVITE');
    expect(second.header('from')).toContain('"4-roomAnn"');
    await answerCall(call, second, { body: answer });
    expect(scene.world.commands.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(scene.world.commands[1]?.failed).toEqual([{ username: at(0).name, cause: 'rejected', status }]);
    expect(scene.world.factsOf('call.offered').map(({ gateway, attempt }) => [gateway, attempt])).toEqual([
      [at(0).name, 1],
      [at(1).name, 2],
    ]);
    await scene.hangUp(call.dialog, { gateway: at(1) });
  });

  it('but sends nothing leaves it to the next, and its late 200 is acknowledged and ended', async () => {
    scene = await suite.open({ transport, gateways: 2, settings: { gatewayTimeoutMs: 300 } });
    const call = scene.dial();
    const silent = await at(0).incoming('INVITE');
    const second = await at(1).incoming('INVITE');
    await answerCall(call, second, { body: answer });
    expect(scene.world.commands[1]?.failed).toEqual([{ username: at(0).name, cause: 'silent' }]);

    silent.reply(200, { body: answer });
    await silent.ack();
    (await at(0).incoming('BYE')).reply(200);

    await scene.hangUp(call.dialog, { gateway: at(1) });
  });

  it('and rings too late is cancelled', async () => {
    scene = await suite.open({ transport, gateways: 2, settings: { gatewayTimeoutMs: 300 } });
    const call = scene.dial();
    const silent = await at(0).incoming('INVITE');
    const second = await at(1).incoming('INVITE');
    silent.reply(180);
    const cancel = await at(0).incoming('CANCEL');
    cancel.reply(200);
    silent.reply(487);
    await silent.ack();
    second.reply(486);
    expect((await call.refusal()).status).toBe(500);
    await scene.expectAllOver();
  });
});

it('leaves a gateway that cannot be reached to the next at once', async () => {
  scene = await suite.open({ transport: 'tcp', gateways: 1, settings: { gatewayTimeoutMs: 20_000 } });
  const { world } = scene;
  const port = await freeSipPort();
  const name = '10.0.0.9.mediagw.0';
  const nobody = { name, contact: `sip:${name}@127.0.0.1:${port};transport=tcp` };
  const reachable = scene.gateway;
  world.script.push((command) => {
    const granted = world.grant(command);
    if (granted.result !== 'granted') throw new Error('no gateway');
    world.locks.delete(granted.username);
    return {
      ...granted,
      username: nobody.name,
      contact: nobody.contact,
      received: { ...granted.received, port },
    };
  });
  const call = scene.dial();
  const invite = await reachable.incoming('INVITE');
  invite.reply(486);
  expect((await call.refusal()).status).toBe(500);
  expect(world.commands[1]?.failed).toEqual([{ username: nobody.name, cause: 'silent' }]);
  await scene.expectAllOver();
});

describe('a call that no gateway takes', () => {
  const failWith = async (statuses: readonly number[]) => {
    scene = await suite.open({ transport: 'tcp', gateways: statuses.length });
    const call = scene.dial();
    for (const [index, status] of statuses.entries()) {
      const invite = await at(index).incoming('INVITE');
      invite.reply(status);
      await invite.ack();
    }
    const refusal = await call.refusal();
    await scene.expectAllOver();
    return { refusal, callId: call.callId };
  };

  it.each([
    [[486, 600, 486], 486, 'busy-everywhere'],
    [[486, 503, 486], 500, 'gateway-failed'],
    [[480, 408, 480], 480, 'no-answer'],
    [[486], 486, 'busy-everywhere'],
    [[503], 500, 'gateway-failed'],
  ] as const)('but answers %j is refused with %i, %s', async (statuses, status, outcome) => {
    const { refusal, callId } = await failWith(statuses);
    expectRefusal(refusal, status, outcome, callId);
    expect(scene.world.factsOf('call.failed')).toMatchObject([{ callId, outcome, room: 'room' }]);
    expect(scene.world.factsOf('call.failed')[0]?.failed.map((failure) => failure.status)).toEqual(statuses);
    expect(scene.edge.logged).toMatchObject([{ callId, outcome, room: 'room', attempts: statuses.length }]);
  });

  it('asks for no fourth gateway', async () => {
    scene = await suite.open({ transport: 'tcp', gateways: 4 });
    const call = scene.dial();
    for (const index of [0, 1, 2]) (await at(index).incoming('INVITE')).reply(503);
    expectRefusal(await call.refusal(), 500, 'gateway-failed', call.callId);
    expect(scene.world.commands).toHaveLength(3);
    expect(at(3).leftOver).toEqual([]);
  });

  it('because it rings too long ends with 480, and the gateway is cancelled', async () => {
    scene = await suite.open({ transport: 'udp', gateways: 2, settings: { ringLimitSec: 1 } });
    const call = scene.dial();
    const invite = await at(0).incoming('INVITE');
    invite.reply(180);
    (await at(0).incoming('CANCEL')).reply(200);
    invite.reply(487);
    await invite.ack();
    expectRefusal(await call.refusal(), 480, 'no-answer', call.callId);
    expect(at(1).leftOver).toEqual([]);
    await scene.expectAllOver();
  });
});

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
    const { ControlPlaneUnavailable } = await import('../../../sip-edge/ports.ts');
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

  it.each(['', '@', '%20@', '"@'])('because sip:%shost names no room is refused with 484', async (user) => {
    scene = await suite.open();
    const { host, port } = suite.server.sip;
    const call = scene.caller.call(`sip:${user.replace('"', '%22')}${host}:${port}`, { body: offer });
    expectRefusal(await call.refusal(), 484, 'no-room', call.callId);
    expect(scene.world.commands).toEqual([]);
    expect(scene.world.factsOf('call.failed')).toMatchObject([{ outcome: 'no-room' }]);
  });
});

it('locks the gateway that the caller asks for by name, and gives it no room', async () => {
  scene = await suite.open({ gateways: 2 });
  const call = scene.dial(at(1).name, { body: offer, from: '"5-other" <sip:ann@127.0.0.1>' });
  const invite = await at(1).incoming('INVITE');
  expect(invite.header('from')).toMatch(/^"0-5-other" </);
  expect(scene.world.commands).toMatchObject([{ gateway: at(1).name, room: at(1).name }]);
  invite.reply(486);
  expectRefusal(await call.refusal(), 486, 'busy-everywhere', call.callId);
  expect(scene.world.commands).toHaveLength(1);
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
