import { expect, it } from 'vitest';
import type { SrfResponse } from '../../../sip-edge/drachtio/srf.ts';
import { eventually } from '../../support/eventually.ts';
import { until } from '../../support/until.ts';
import { offer, type Scene } from './support/call.ts';
import { Suite } from './support/suite.ts';

/*
 * Provisional answers to an INVITE that requires 100rel: the server makes them reliable, and the application neither asks
 * for that nor hears of it. What an edge makes of them is in test/sip-edge/call/reliable.test.ts.
 */

const suite = new Suite();
const requires = { body: offer, headers: { Require: '100rel' } };

/** An application that rings twice, and leaves the rest to the test. */
async function openRinging(): Promise<{ scene: Scene; response: () => Promise<SrfResponse> }> {
  const scene = await suite.scene('udp');
  let answering: SrfResponse | undefined;
  await suite.connect((srf) =>
    srf.invite((_request, response) => {
      answering = response;
      response.send(180);
      response.send(183);
    }),
  );
  return { scene, response: () => until('the INVITE is with the application', () => answering) };
}

it('one goes out when the one before is acknowledged', async () => {
  const { scene, response } = await openRinging();
  const call = scene.dial(requires);
  const first = await call.answer(180);
  const numbered = Number(first.header('rseq'));
  const acknowledge = (rseq: number) => call.dialog.ask('PRACK', { headers: { RAck: `${rseq} 1 INVITE` } });
  call.early(first);
  expect(scene.caller.count('183 INVITE')).toBe(0);
  expect((await acknowledge(numbered)).status).toBe(200);
  expect(Number((await call.answer(183)).header('rseq'))).toBe(numbered + 1);
  expect((await acknowledge(numbered + 1)).status).toBe(200);
  (await response()).send(486);
  expect((await call.refusal()).status).toBe(486);
});

it('one that is never acknowledged ends the INVITE, and nothing else', async () => {
  const { scene, response } = await openRinging();
  const before = suite.server.counts?.();
  const call = scene.dial(requires);
  expect((await call.refusal()).status).toBe(503);
  const late = await new Promise((resolve) =>
    response().then((answering) => answering.send(486, (error) => resolve(error))),
  );
  expect(late).toBe('Response not sent due to unknown transaction');
  await eventually(() => {
    const now = suite.server.counts?.();
    expect(now?.pendingRequests).toBe(before?.pendingRequests);
    expect(now?.dialogs).toBe(before?.dialogs);
  });
  const next = scene.dial(requires);
  expect((await next.answer(180)).header('require')).toContain('100rel');
  next.cancel();
  expect((await next.refusal()).status).toBe(487);
});
