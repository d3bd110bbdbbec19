import { expect, it } from 'vitest';
import { answer } from '../support/scene.ts';
import { Suite } from '../support/suite.ts';

const suite = new Suite();

it.each([
  [415, { Accept: 'application/sdp' }],
  [420, { Unsupported: 'ice' }],
  [421, { Require: 'ice' }],
  [422, {}],
  [488, { Warning: '305 gw "Incompatible media format"' }],
  [493, {}],
  [600, {}],
  [603, { Reason: 'Q.850;cause=21' }],
  [606, {}],
] as const)('passes a gateway’s %i on, and spends no other gateway', async (status, headers) => {
  const scene = await suite.open({ gateways: 2 });
  const call = scene.dial();
  const invite = await scene.gateway.incoming('INVITE');
  invite.reply(status, { reason: 'As the gateway says', body: answer, headers });
  await invite.ack();
  const refusal = await call.refusal();
  expect(refusal).toMatchObject({ status, reason: 'As the gateway says', text: answer });
  // The gateway's own Reason counts more than ours.
  const Reason = `SIP;cause=${status};text="rejected`;
  for (const [name, value] of Object.entries({ Reason, ...headers })) {
    expect(refusal.header(name)).toContain(value);
  }
  expect(scene.world.commands).toHaveLength(1);
  await scene.expectEnd({ type: 'call.failed', outcome: 'rejected' });
});
