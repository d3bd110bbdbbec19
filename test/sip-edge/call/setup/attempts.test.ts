import { describe, expect, it } from 'vitest';
import { answerCall, type SipPeer } from '../../../support/sip-peer/peer.ts';
import type { Transport } from '../../../support/sip-peer/wire.ts';
import { freeSipPort } from '../../../support/sip-server.ts';
import { expectRefusal } from '../support/refusal.ts';
import { answer, offer, type Scene, takeCancel } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

const suite = new Suite();
let scene: Scene;

const transports: Transport[] = ['udp', 'tcp'];
const at = (index: number) => scene.gateways[index] as SipPeer;

describe.each(transports)('over %s, a gateway that does not take the call', (transport) => {
  it.each([302, 404, 486, 503])('but answers %i leaves it to the next', async (status) => {
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
    [[486, 486, 486], 486, 'busy-everywhere'],
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
    await takeCancel(at(0), invite);
    expectRefusal(await call.refusal(), 480, 'no-answer', call.callId);
    expect(at(1).leftOver).toEqual([]);
    await scene.expectAllOver();
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
