import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlPlaneUnavailable } from '../../../sip-edge/ports.ts';
import type { Transport } from '../../support/sip-peer/wire.ts';
import { Sipp, type SippOptions } from '../../support/sipp.ts';
import type { Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

/* Calls between SIPp and SIPp, several at once: each scenario of test/sipp/call is named after its outcome. */

const calls = 5;
const suite = new Suite();
let scene: Scene;

async function start(options: SippOptions): Promise<Sipp> {
  const sipp = await Sipp.start(options);
  onTestFinished(() => sipp.kill());
  return sipp;
}

/** SIPp as gateways, each of `calls` usernames at its one socket. */
async function gateways(name: string, transport: Transport, expected = calls): Promise<Sipp> {
  const sipp = await start({ scenario: `call/${name}`, transport, calls: expected });
  for (let index = 0; index < calls; index++) {
    const username = `${sipp.port}.mediagw.${index}`;
    const contact = `sip:${username}@127.0.0.1:${sipp.port};transport=${transport}`;
    await scene.world.add({ name: username, contact, port: sipp.port, transport });
  }
  return sipp;
}

const callers = (name: string, transport: Transport, service = 'room') =>
  start({ scenario: `call/${name}`, target: suite.server.sip, transport, calls, service });

const transports: Transport[] = ['udp', 'tcp'];

describe.each(transports)('%s calls', (transport) => {
  it.each([
    ['answered', 'gateway-answers', 1],
    ['cancelled', 'gateway-rings', 1],
    ['busy-everywhere', 'gateway-rejects-486', 3],
    ['gateway-failed', 'gateway-rejects-503', 3],
    ['no-answer', 'gateway-rejects-480', 3],
  ])('end as %s where the %s', async (outcome, gateway, attempts) => {
    scene = await suite.open({ gateways: 0 });
    const busy = await Promise.all(
      Array.from({ length: attempts }, () => gateways(gateway, transport, calls * attempts)),
    );
    const caller = await callers(outcome, transport);
    await caller.succeeded();
    if (attempts === 1) await busy[0]?.succeeded();
    await scene.expectAllOver(calls);
    expect(scene.edge.logged.map((line) => line.outcome)).toEqual(Array(calls).fill(outcome));
    expect(scene.world.factsOf('call.offered')).toHaveLength(calls * attempts);
  });

  it('end as answered at the next gateway where the first rejects', async () => {
    scene = await suite.open({ gateways: 0 });
    await gateways('gateway-rejects-503', transport, calls * calls);
    const answering = await gateways('gateway-answers', transport);
    scene.world.limit = (command, { port }) => (command.attempt === 1) === (port !== answering.port);
    const caller = await callers('answered', transport);
    await caller.succeeded();
    await answering.succeeded();
    await scene.expectAllOver(calls);
    expect(scene.world.factsOf('call.offered')).toHaveLength(calls * 2);
  });

  it('end as pool-exhausted where there is no gateway', async () => {
    scene = await suite.open({ gateways: 0 });
    await (await callers('pool-exhausted', transport)).succeeded();
    await scene.expectAllOver(calls);
  });

  it('end as not-registered where the gateway asked for is not there', async () => {
    scene = await suite.open({ gateways: 0 });
    await (await callers('not-registered', transport, '10.0.0.9.mediagw.1')).succeeded();
    await scene.expectAllOver(calls);
  });

  it('end as no-room where the request URI names none', async () => {
    scene = await suite.open();
    await (await callers('no-room', transport, '%20')).succeeded();
    await scene.expectAllOver(calls);
  });

  it('end as control-plane-unavailable where it is', async () => {
    scene = await suite.open();
    const down = () => Promise.reject(new ControlPlaneUnavailable('timeout', 'no answer'));
    scene.world.script.push(...Array(calls).fill(down));
    await (await callers('control-plane-unavailable', transport)).succeeded();
    await scene.expectAllOver(calls);
  });
});
