import { beforeAll, describe, expect, it } from 'vitest';
import { contactUri } from '../../../sip/dialog.ts';
import { eventually } from '../../support/eventually.ts';
import { unawaited } from '../../support/unawaited.ts';
import { answer, offer } from './support/call.ts';
import { Suite } from './support/suite.ts';

/* The unmodified drachtio-srf bridges calls; DRACHTIO in the environment puts a real drachtio in our place. */

const suite = new Suite();

beforeAll(() => {
  if (suite.server.kind === 'embedded')
    console.log('DRACHTIO is not set: scenarios run against the embedded SIP server only');
});

/** Waits until the embedded server holds no more dialogs than before. */
async function expectDialogs(before: number | undefined): Promise<void> {
  await eventually(() => expect(suite.server.counts?.().dialogs).toBe(before));
}

describe.each(['udp', 'tcp'] as const)('a call over %s', (protocol) => {
  it('gets 100 at once, passes both session descriptions byte for byte, and one ACK to each side', async () => {
    const { scene } = await suite.bridged(protocol);
    const call = scene.dial();
    await call.answer(100);
    const { invite } = await scene.pickUp();
    expect(invite.body).toEqual(Buffer.from(offer));
    const answered = await call.established();
    expect(answered.body).toEqual(Buffer.from(answer));
    expect(answered.header('content-type')).toBe('application/sdp');
    expect(contactUri(answered.headers)).toContain(`127.0.0.1:${suite.server.sip.port}`);
    const ack = await scene.callee.request('ACK');
    expect(ack.header('cseq')).toBe(`${invite.cseq} ACK`);
    expect(ack.uri).toBe(scene.callee.contact);
  });

  it('is its own dialog on each side: other Call-ID, tags and Via', async () => {
    const { scene } = await suite.bridged(protocol);
    const { caller, invite } = await scene.establish();
    expect(invite.header('call-id')).not.toBe(caller.callId);
    expect(invite.headers.getAll('via')).toHaveLength(1);
    expect(invite.header('max-forwards')).toBe('70');
    expect(contactUri(invite.headers)).toContain(`127.0.0.1:${suite.server.sip.port}`);
  });

  it('ends on both sides when the caller hangs up', async () => {
    const { scene } = await suite.bridged(protocol);
    const before = suite.server.counts?.().dialogs;
    const { caller } = await scene.establish();
    expect((await caller.ask('BYE')).status).toBe(200);
    const bye = await scene.callee.incoming('BYE');
    bye.reply(200);
    expect(bye.uri).toBe(scene.callee.contact);
    await expectDialogs(before);
  });

  it('ends on both sides when the callee hangs up', async () => {
    const { scene } = await suite.bridged(protocol);
    const before = suite.server.counts?.().dialogs;
    const { callee } = await scene.establish();
    expect((await callee.ask('BYE')).status).toBe(200);
    (await scene.caller.incoming('BYE')).reply(200);
    await expectDialogs(before);
  });

  it('passes a refusal with its status, and acknowledges it to the callee', async () => {
    const { scene } = await suite.bridged(protocol);
    const call = scene.dial();
    const request = await scene.callee.incoming('INVITE');
    request.reply(486);
    const ack = await scene.callee.request('ACK');
    expect(ack.header('to')).toContain(request.tag);
    expect(ack.header('via')).toBe(request.header('via'));
    expect((await call.refusal()).status).toBe(486);
  });

  it('with a late offer brings the caller the offer and the callee the answer in the ACK', async () => {
    const scene = await suite.scene(protocol);
    await suite.connect((srf) => {
      srf.invite(
        unawaited(async (request, response) => {
          const offered = await srf.createUAC(scene.callee.contact, { noAck: true });
          if (!('ack' in offered)) throw new Error('no late offer');
          const uas = await srf.createUAS(request, response, { localSdp: offered.sdp });
          uas.once('ack', (ack) => void offered.ack(ack.body ?? ''));
        }),
      );
    });
    const call = scene.dial({});
    const { invite } = await scene.pickUp({ body: offer });
    expect(invite.body).toHaveLength(0);
    const answered = await call.established({ body: answer });
    expect(answered.body).toEqual(Buffer.from(offer));
    expect((await scene.callee.request('ACK')).body).toEqual(Buffer.from(answer));
  });
});

it('acknowledges again a 200 that the callee repeats', async () => {
  const { scene } = await suite.bridged('udp');
  const call = scene.dial();
  const { accepted } = await scene.pickUp();
  await scene.callee.request('ACK');
  scene.callee.send(accepted);
  await scene.callee.request('ACK');
  await call.established();
  expect(scene.caller.count('200 INVITE')).toBe(1);
});

it.runIf(!process.env.DRACHTIO)('leaves nothing behind of calls that are over', async () => {
  await eventually(() => expect(suite.server.counts?.().clientTransactions).toBe(0));
  const before = suite.server.counts?.().dialogs ?? 0;
  const { scene } = await suite.bridged('udp');
  for (const side of ['caller', 'callee', 'caller'] as const) {
    const call = await scene.establish();
    const other = side === 'caller' ? scene.callee : scene.caller;
    expect((await call[side].ask('BYE')).status).toBe(200);
    (await other.incoming('BYE')).reply(200);
  }
  const nothing = { pendingRequests: 0, openRequests: 0, serverTransactions: 0, clientTransactions: 0 };
  await eventually(() => {
    const { dialogs = 0, ...others } = suite.server.counts?.() ?? {};
    expect(others).toEqual(nothing);
    // Of calls of other tests some may have ended as well by now.
    expect(dialogs).toBeLessThanOrEqual(before);
  });
});
