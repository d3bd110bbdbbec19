import { beforeEach, describe, expect, it } from 'vitest';
import { IncomingRequest, type SipDialog } from '../../support/sip-peer/dialog.ts';
import type { ReceivedResponse } from '../../support/sip-peer/message.ts';
import type { SipPeer } from '../../support/sip-peer/peer.ts';
import type { Transport } from '../../support/sip-peer/wire.ts';
import { answer, offer, type Scene } from './support/scene.ts';
import { Suite } from './support/suite.ts';

const suite = new Suite();
let scene: Scene;
let call: { callId: string; caller: SipDialog; gateway: SipDialog; invite: IncomingRequest };

/** What each side may say within a call: method, content type, body, headers that must arrive. */
const requests: [string, string, string, Record<string, string>][] = [
  ['INFO', 'application/media_control+xml', '<picture_fast_update/>', { 'X-Part': 'video' }],
  ['INFO', 'application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', {}],
  ['MESSAGE', 'text/plain', 'Grüße aus dem Saal ☂', {}],
  ['NOTIFY', 'message/sipfrag', 'SIP/2.0 200 OK\r\n', { Event: 'refer', 'Subscription-State': 'terminated' }],
  ['REFER', 'application/x-nothing', '-', { 'Refer-To': '<sip:bob@example.org>' }],
  ['UPDATE', 'application/sdp', offer, {}],
  ['OPTIONS', '', '', { Accept: 'application/sdp' }],
];
const transports: Transport[] = ['udp', 'tcp'];
const sides = ['caller', 'gateway'] as const;
const cases = transports.flatMap((transport) => sides.map((side) => ({ transport, side })));

describe.each(cases)('within a call over $transport, the $side', ({ transport, side }) => {
  let here: SipDialog;
  let there: SipPeer;
  beforeEach(async () => {
    scene = await suite.open({ transport });
    call = await scene.establish();
    here = side === 'caller' ? call.caller : call.gateway;
    there = side === 'caller' ? scene.gateway : scene.caller;
  });

  it.each(requests)(
    'sends %s (%s) to the other side and gets its answer',
    async (method, type, body, headers) => {
      const answered = here.ask(method, { body, contentType: type, headers });
      const arrived = await there.incoming(method);
      expect(arrived.text).toBe(body);
      expect(arrived.headers.getAll('content-type')).toEqual(body ? [type] : []);
      for (const [name, value] of Object.entries(headers)) expect(arrived.header(name)).toBe(value);
      arrived.reply(202, {
        reason: 'Understood',
        body: 'thank you',
        contentType: 'text/plain',
        headers: { 'X-Answer': '1' },
      });
      const result = await answered;
      expect(result.status).toBe(202);
      expect(result.raw).toMatch(/^SIP\/2.0 202 Understood\r\n/);
      expect(result.text).toBe('thank you');
      expect(result.header('x-answer')).toBe('1');
    },
  );

  it('says what has no type, and hears an answer that has none', async () => {
    const untyped = { headers: { 'Content-Type': undefined }, body: 'Signal=5' };
    const asked = here.ask('INFO', untyped);
    const info = await there.incoming('INFO');
    expect(info.text).toBe('Signal=5');
    info.reply(200, untyped);
    expect((await asked).text).toBe('Signal=5');
  });

  it('hears of each REFER by the number that it gave it itself', async () => {
    const other = here === call.caller ? call.gateway : call.caller;
    const peer = side === 'caller' ? scene.caller : scene.gateway;
    for (const id of [107, 214]) {
      const asked = here.ask('REFER', { cseq: id, headers: { 'Refer-To': '<sip:bob@example.org>' } });
      const refer = await there.incoming('REFER');
      refer.reply(202);
      expect((await asked).status).toBe(202);
      const headers = { Event: `refer;id=${refer.cseq}`, 'Subscription-State': 'active' };
      const told = other.ask('NOTIFY', {
        body: 'SIP/2.0 100 Trying',
        contentType: 'message/sipfrag',
        headers,
      });
      const notify = await peer.incoming('NOTIFY');
      expect(notify.header('event')).toBe(`refer;id=${id}`);
      notify.reply(200);
      expect((await told).status).toBe(200);
    }
  });

  it('changes the media of several lines by a re-INVITE', async () => {
    const more = `${offer}m=application 4004 UDP/BFCP *\r\na=floorctrl:c-s\r\n`;
    const answered = here.ask('INVITE', { body: more });
    const arrived = await there.incoming('INVITE');
    expect(arrived.text).toBe(more);
    arrived.reply(200, { body: answer });
    expect((await arrived.ack()).text).toBe('');
    expect(await answered).toMatchObject({ status: 200, text: answer });
  });

  it('asks for an offer by a re-INVITE without one, and answers it with the ACK', async () => {
    const answered = here.ask('INVITE', { noAck: true });
    const arrived = await there.incoming('INVITE');
    expect(arrived.text).toBe('');
    arrived.reply(200, { body: offer });
    const result = await answered;
    expect(result).toMatchObject({ status: 200, text: offer });
    const headers = { 'Content-Disposition': 'session;handling=required', 'X-Part': 'video' };
    here.acknowledge(result, { body: answer, headers });
    const acknowledged = await arrived.ack();
    expect(acknowledged.text).toBe(answer);
    for (const [name, value] of Object.entries(headers)) expect(acknowledged.header(name)).toBe(value);
  });

  it('hears that its re-INVITE crossed another (491), and the call goes on', async () => {
    const answered = here.ask('INVITE', { body: offer });
    (await there.incoming('INVITE')).reply(491, { reason: 'Request Pending' });
    expect((await answered).status).toBe(491);
    const info = here.ask('INFO', { body: 'x', contentType: 'text/plain' });
    (await there.incoming('INFO')).reply(200);
    expect((await info).status).toBe(200);
  });

  it.each([
    ['1800;refresher=uac', '1800;refresher=uac'],
    ['1800;refresher=uas', '1800;refresher=uas'],
    ['1800', '1800;refresher=uas'],
  ])('refreshes its session (%s) and is told that the timer goes on', async (asked, agreed) => {
    const headers = { Supported: 'timer', 'Session-Expires': asked };
    const refreshed = here.ask('INVITE', { body: offer, headers });
    const arrived = await there.incoming('INVITE');
    // The other leg has a timer of its own, or none.
    expect(arrived.headers.has('session-expires')).toBe(false);
    arrived.reply(200, { body: answer });
    expect((await refreshed).header('session-expires').replaceAll(' ', '')).toBe(agreed);
  });

  it.each(['INFO', 'INVITE'])('sends UPDATE while it owes the answer to %s', async (method) => {
    const other = here === call.caller ? call.gateway : call.caller;
    const asked = other.ask(method, { body: offer, contentType: 'application/sdp' });
    const owed = await here.peer.request(method);
    const updated = here.ask('UPDATE');
    (await there.incoming('UPDATE')).reply(491);
    expect((await updated).status).toBe(491);
    new IncomingRequest(here.peer, owed).reply(488);
    expect((await asked).status).toBe(488);
  });

  it('is refused a flood for the other side, which hears a part of it alone, and may hang up', async () => {
    const count = there.answers('INFO');
    const answers: ReceivedResponse[] = [];
    const isRefused = ({ status }: ReceivedResponse) => status === 500;
    while (!answers.some(isRefused)) {
      const asked = Array.from({ length: 50 }, () =>
        here.ask('INFO', { body: 'x', contentType: 'text/plain' }),
      );
      answers.push(...(await Promise.all(asked)));
    }
    const refused = answers.filter(isRefused);
    for (const answer of refused) expect(answer.header('retry-after')).toBe('2');
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(100);
    expect(count()).toBe(answers.length - refused.length);
    expect((await here.bye()).status).toBe(200);
  });

  it('gets 405 for a method that does not pass', async () => {
    const result = await here.ask('PUBLISH', { body: 'x', contentType: 'text/plain' });
    expect(result.status).toBe(405);
    expect(result.header('allow')).toContain('REFER');
    expect(there.leftOver).toEqual([]);
  });
});
