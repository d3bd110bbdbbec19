import { describe, expect, it } from 'vitest';
import { Suite } from './support/suite.ts';

const suite = new Suite();
/** Probes without an answer by which a side counts as gone (handler.ts). */
const misses = 8;
const settings = { keepaliveIntervalMs: 500, probeTimeoutMs: 500 };

/* What the SIP server says itself of a peer that cannot be reached is no word of the peer (RFC 3261 8.1.3.1). */
describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  it.each(['caller', 'gateway'] as const)('ends a call whose %s is gone for good', async (side) => {
    const scene = await suite.open({ transport, settings });
    await scene.establish();
    const [gone, other] = side === 'caller' ? [scene.caller, scene.gateway] : [scene.gateway, scene.caller];
    other.answers('OPTIONS');
    await gone.close();
    (await other.incoming('BYE')).reply(200);
    await scene.expectEnd({ type: 'call.ended', by: side, outcome: 'answered' });
  });
});

it('asks to try again where a request within a call finds nobody, and does not say that the call is over', async () => {
  const scene = await suite.open({ transport: 'tcp' });
  const { caller } = await scene.establish();
  await scene.gateway.close();
  const info = await caller.ask('INFO', { body: 'x', contentType: 'text/plain' });
  expect(info.status).toBe(500);
  expect(info.headers.has('retry-after')).toBe(true);
  expect((await caller.bye()).status).toBe(200);
  await scene.expectAllOver();
});

it('is ended by who hung up unheard, also where the other side is found dead in the same round', async () => {
  const scene = await suite.open({ settings });
  await scene.establish();
  await scene.gateway.close();
  for (let round = 1; round < misses; round++) (await scene.caller.incoming('OPTIONS')).reply(200);
  (await scene.caller.incoming('OPTIONS')).reply(481);
  await scene.expectEnd({ type: 'call.ended', by: 'caller', outcome: 'answered' });
});
