import { describe, expect, it, vi } from 'vitest';
import { ControlPlaneUnavailable } from '../../../../sip-edge/ports.ts';
import { eventually } from '../../../support/eventually.ts';
import type { OutgoingCall } from '../../../support/sip-peer/dialog.ts';
import type { ReceivedResponse } from '../../../support/sip-peer/message.ts';
import { answerCall, hangUp, type SipPeer } from '../../../support/sip-peer/peer.ts';
import type { TableWorld } from '../../support/table-world.ts';
import { startTestEdge } from '../support/edge.ts';
import { answer, openPeer, type Scene } from '../support/scene.ts';
import { TableSuite } from '../support/table-suite.ts';

/* Callers that wait for a gateway to start, with the functions' own code and a real table behind the edge. */

const suite = new TableSuite();
let scene: Scene<TableWorld>;

/** An edge without gateways, in a pool that may grow. */
async function open(): Promise<void> {
  scene = await suite.open({ gateways: 0 });
  await pool();
}

const pool = (said: Parameters<TableWorld['table']['pool']>[0] = {}) => scene.world.table.pool(said);

/** Makes the edge ask for a call that waits only when something wakes it. */
function neverAsksAgain(): void {
  const { allocate } = scene.world;
  scene.world.allocate = async (command) => {
    const said = await allocate.call(scene.world, command);
    return said.result === 'waiting' ? { ...said, askAgainSec: 3600 } : said;
  };
}

/** A gateway starts and registers at this edge, which tells its call as the registrar does. */
async function start(n: number, { wakes = true } = {}): Promise<SipPeer> {
  const agent = await openPeer('tcp', suite.server, `10.0.1.${n}.mediagw.0`);
  scene.gateways.push(agent);
  const registered = await scene.world.add(agent);
  if (wakes && registered.result === 'bindings' && registered.matchedCallId !== undefined) {
    const { matchedCallId: callId, matchedTraceId: traceId } = registered;
    scene.edge.handler.onMatched({ callId, traceId });
  }
  return agent;
}

const waiting = (count: number) =>
  eventually(async () => expect(await scene.world.table.waiting()).toHaveLength(count));

/** The call is up; it is hung up again. */
async function answeredBy(gateway: SipPeer, call: OutgoingCall): Promise<void> {
  const invite = await gateway.incoming('INVITE');
  await answerCall(call, invite, { body: answer });
  await hangUp(call.dialog, gateway);
}

function expectRefusal(refusal: ReceivedResponse, reason: string): void {
  expect(refusal.status).toBe(503);
  expect(refusal.header('reason')).toContain(reason);
  expect(Number(refusal.header('retry-after'))).toBeGreaterThan(0);
}

describe('a caller that finds no gateway', () => {
  it('hears 180, and is answered by the gateway that starts, whose registration wakes it', async () => {
    await open();
    // Nothing but the registration makes it ask again.
    neverAsksAgain();
    const call = scene.dial();
    await call.answer(180);
    await waiting(1);
    const gateway = await start(1);
    const invite = await gateway.incoming('INVITE');
    await answerCall(call, invite, { body: answer });
    expect(scene.world.factsOf('call.waiting')).toMatchObject([{ room: 'room', ahead: 0 }]);
    await scene.hangUp(call.dialog, { gateway });
  });

  it('is served also where the gateway registers at another edge: it asks each second', async () => {
    await open();
    const answers = vi.spyOn(scene.world, 'allocate');
    const call = scene.dial();
    await waiting(1);
    await answeredBy(await start(1, { wakes: false }), call);
    expect(await answers.mock.results[0]?.value).toMatchObject({ result: 'waiting', askAgainSec: 1 });
    await scene.expectAllOver();
  });

  it('hears 180 before the control plane has answered', async () => {
    await open();
    const { allocate } = scene.world;
    const hasRung = Promise.withResolvers<void>();
    scene.world.allocate = async (command) => {
      await hasRung.promise;
      return allocate.call(scene.world, command);
    };
    const call = scene.dial();
    await call.answer(180);
    hasRung.resolve();
    call.cancel();
    await call.refusal();
    await scene.expectAllOver();
  });

  it('leaves the queue when it gives up', async () => {
    await open();
    const call = scene.dial();
    await call.answer(180);
    await waiting(1);
    call.cancel();
    expect((await call.refusal()).status).toBe(487);
    await scene.expectAllOver();
    expect(await scene.world.table.waiting()).toEqual([]);
    await start(1);
    expect(await scene.world.isUnlocked()).toBe(true);
  });

  it('gives its gateway back when it gives up as it gets it', async () => {
    await open();
    const call = scene.dial();
    await waiting(1);
    await start(1, { wakes: false });
    call.cancel();
    expect((await call.refusal()).status).toBe(487);
    await scene.expectAllOver();
  });

  it('is told at the limit that no gateway started in time, and when to try again', async () => {
    await open();
    scene.world.table.deps.waitLimitMs = 1000;
    await pool({ starting: 1, managed: 1, estimateSec: 40 });
    const call = scene.dial();
    await call.answer(180);
    const refusal = await call.refusal();
    expectRefusal(refusal, 'start-timeout: starting');
    expect(Number(refusal.header('retry-after'))).toBeGreaterThan(30);
    await scene.expectAllOver();
    expect(await scene.world.table.waiting()).toEqual([]);
  });

  it('is told at once that the pool is at its maximum', async () => {
    await open();
    await pool({ managed: 3, maximum: 3 });
    expectRefusal(await scene.dial().refusal(), 'pool-exhausted: none-free, the pool is at its maximum of 3');
    await scene.expectAllOver();
  });

  it('is told at once that starts keep failing', async () => {
    await open();
    await pool({ startsFailing: true, mayGrow: false });
    expectRefusal(await scene.dial().refusal(), 'pool-exhausted: starts-failing');
    await scene.expectAllOver();
  });

  it('waits on where the control plane does not answer for a while', async () => {
    await open();
    const call = scene.dial();
    await waiting(1);
    const { allocate } = scene.world;
    let refused = 0;
    scene.world.allocate = async () => {
      refused += 1;
      throw new ControlPlaneUnavailable('timeout', 'no answer');
    };
    await eventually(() => expect(refused).toBeGreaterThan(1));
    scene.world.allocate = allocate;
    await answeredBy(await start(1), call);
    await scene.expectAllOver();
  });
});

it('twenty callers are served in the order of their calls, as gateways register one by one', async () => {
  await open();
  const calls: OutgoingCall[] = [];
  for (let n = 0; n < 20; n += 1) {
    calls.push(scene.dial());
    await waiting(n + 1);
  }
  const newcomers: OutgoingCall[] = [];
  for (let n = 0; n < 20; n += 1) {
    newcomers.push(scene.dial('late'));
    const gateway = await start(n + 1);
    const invite = await gateway.incoming('INVITE');
    // The caller's Call-ID stands in the fact.
    const served = scene.world.factsOf('call.offered').find((fact) => fact.gateway === gateway.name);
    expect(served?.callId).toBe(calls[n]?.callId);
    invite.reply(180);
  }
  for (const call of [...calls, ...newcomers]) call.cancel();
  await eventually(() => expect(scene.world.ends).toHaveLength(40));
});

describe('an application that was killed while its callers wait, and started again', () => {
  it('gives them up: the queue is empty, and a gateway that comes is free', async () => {
    await open();
    scene.dial();
    scene.dial();
    await waiting(2);
    scene.edge.kill();
    scene.edge = await startTestEdge(suite.server, scene.world);
    await eventually(() => expect(scene.world.ends).toHaveLength(2));
    expect(scene.world.ends).toMatchObject([{ outcome: 'edge-lost' }, { outcome: 'edge-lost' }]);
    await scene.world.settled();
    expect(await scene.world.table.waiting()).toEqual([]);
    await start(1);
    expect(await scene.world.isUnlocked()).toBe(true);
  });

  it('gives up the gateway that came in between', async () => {
    await open();
    scene.dial();
    await waiting(1);
    scene.edge.kill();
    await start(1, { wakes: false });
    expect(await scene.world.isUnlocked()).toBe(false);
    scene.edge = await startTestEdge(suite.server, scene.world);
    await eventually(async () => expect(await scene.world.isUnlocked()).toBe(true));
  });
});
