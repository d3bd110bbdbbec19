import { afterEach, describe, expect, it } from 'vitest';
import type { IncomingCall } from '../../../local/user-agent/incoming-call.ts';
import type { CallResult } from '../../../local/user-agent/outgoing-call.ts';
import type { Session } from '../../../local/user-agent/session.ts';
import { UserAgent } from '../../../local/user-agent/user-agent.ts';
import { createRequest, newCallId, newTag } from '../../../sip/message/build.ts';
import { unawaited } from '../../support/unawaited.ts';
import { until } from '../../support/until.ts';

/* Two user agents, face to face. */

const agents: UserAgent[] = [];
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
});

function answered(result: CallResult): Session {
  if (result.result !== 'answered') throw new Error(`not answered: ${JSON.stringify(result)}`);
  return result.session;
}

describe.each(['udp', 'tcp'] as const)('over %s', (protocol) => {
  async function pair(onCall: (call: IncomingCall) => void): Promise<UserAgent> {
    const callee = await UserAgent.open({ server: { address: '127.0.0.1', port: 9 }, protocol, onCall });
    const [bound] = callee.endpoint.addresses;
    if (!bound) throw new Error('no address');
    const caller = await UserAgent.open({ server: bound, protocol });
    agents.push(caller, callee);
    return caller;
  }

  const to = { uri: 'sip:bob@example.org', from: '<sip:alice@example.org>', media: 'tone' } as const;

  it('a call has audio both ways, passes requests both ways, and ends for both', async () => {
    const { promise: calledSession, resolve } = Promise.withResolvers<Session | undefined>();
    const caller = await pair(
      unawaited(async (call) => {
        call.ring();
        resolve(await call.answer('tone'));
      }),
    );
    const progress: number[] = [];
    const call = caller.call({ ...to, onProgress: ({ status }) => progress.push(status) });
    const here = answered(await call.result);
    const there = (await calledSession) as Session;
    expect(progress).toContain(180);
    await until('both hear', () => [here, there].every(({ media }) => media.counters.heardPeak > 4000));

    const asked: string[] = [];
    there.onRequest = ({ method }) => asked.push(method);
    here.onRequest = ({ method }) => asked.push(`back ${method}`);
    for (const method of ['INFO', 'OPTIONS', 'MESSAGE', 'NOTIFY', 'UPDATE', 'INVITE']) {
      expect((await here.request(method)).status).toBe(200);
      expect((await there.request(method)).status).toBe(200);
    }
    expect((await here.request('REFER')).status).toBe(202);
    expect((await here.request('PUBLISH')).status).toBe(405);
    expect(asked).toContain('back INVITE');

    await there.hangUp();
    expect(await here.ended).toMatchObject({ by: 'remote', cause: 'bye' });
    expect(await there.ended).toMatchObject({ by: 'local', cause: 'bye' });
    expect([...caller.sessions]).toEqual([]);
  });

  it('a late offer is answered with the ACK', async () => {
    const { promise: calledSession, resolve } = Promise.withResolvers<Session | undefined>();
    const caller = await pair(
      unawaited(async (call) => {
        expect(call.request.body).toHaveLength(0);
        resolve(await call.answer('tone'));
      }),
    );
    const here = answered(await caller.call({ ...to, lateOffer: true }).result);
    const there = (await calledSession) as Session;
    await until('both hear', () => [here, there].every(({ media }) => media.counters.heardPackets > 3));
    await here.hangUp();
  });

  it('a refusal comes with its headers', async () => {
    const caller = await pair((call) => call.reject(486, [['Reason', 'SIP;cause=486']]));
    const result = await caller.call(to).result;
    if (result.result !== 'refused') throw new Error(result.result);
    expect(result.response.status).toBe(486);
    expect(result.response.headers.get('reason')).toBe('SIP;cause=486');
  });

  it('a caller that gives up gets 487, and the other side is told', async () => {
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const { promise: ringing, resolve: rings } = Promise.withResolvers<void>();
    const caller = await pair((call) => {
      call.onCancelled = resolve;
      call.ring();
      rings();
    });
    const call = caller.call(to);
    await ringing;
    call.cancel();
    expect(await call.result).toMatchObject({ result: 'refused', response: { status: 487 } });
    await cancelled;
  });

  it('a CANCEL that crosses the 200 ends the call that has come about', async () => {
    const { promise: calledSession, resolve } = Promise.withResolvers<Session | undefined>();
    const caller = await pair(unawaited(async (call) => resolve(await call.answer('none'))));
    const call = caller.call(to);
    // Before any answer it cannot leave (RFC 3261 9.1); by then the call is answered.
    call.cancel();
    const outcome = await call.result;
    const there = await calledSession;
    // Either the CANCEL came first (no call at all), or the 200 did: then a BYE follows.
    const ended = outcome.result === 'answered' ? (await there?.ended)?.by : outcome;
    expect([
      'remote',
      expect.objectContaining({ response: expect.objectContaining({ status: 487 }) }),
    ]).toContainEqual(ended);
    await until('no call is left', () => agents.every(({ sessions }) => sessions.length === 0));
  });

  it('an offer that cannot be spoken gets 488', async () => {
    const caller = await pair((call) => void call.answer('none'));
    const request = createRequest({
      method: 'INVITE',
      uri: to.uri,
      from: `${to.from};tag=${newTag()}`,
      to: `<${to.uri}>`,
      callId: newCallId(),
      cseq: 1,
      headers: [
        ['Contact', `<${caller.contactOf('alice')}>`],
        ['Content-Type', 'application/sdp'],
      ],
      body: 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 97\r\n',
    });
    const { promise: status, resolve } = Promise.withResolvers<number>();
    caller.endpoint.sendRequest(request, caller.server, {
      onResponse: ({ message }) => void (message.status >= 200 && resolve(message.status)),
      onError: () => resolve(0),
    });
    expect(await status).toBe(488);
  });

  it('a user that is not there gets 404', async () => {
    const nobody = await UserAgent.open({ server: { address: '127.0.0.1', port: 9 }, protocol });
    const [server] = nobody.endpoint.addresses;
    if (!server) throw new Error('no address');
    const caller = await UserAgent.open({ server, protocol });
    agents.push(nobody, caller);
    expect(await caller.call(to).result).toMatchObject({ response: { status: 404 } });
  });

  it('nobody there is told as such', async () => {
    const caller = await UserAgent.open({
      server: { address: '127.0.0.1', port: 9 },
      protocol,
      timers: { t1Ms: 5, t2Ms: 10, t4Ms: 10 },
    });
    agents.push(caller);
    const result = await caller.call(to).result;
    expect(result.result).toBe('failed');
  });
});

it('a gateway takes calls from its server alone', async () => {
  const bind = { address: '127.0.0.1', port: 0 };
  const server = { address: '127.0.0.1', port: 9 };
  const onCall = (call: IncomingCall) => call.reject(486);
  const callee = await UserAgent.open({ server, protocol: 'udp', bind, onCall, onlyFromServer: true });
  agents.push(callee);
  const [bound] = callee.endpoint.addresses;
  if (!bound) throw new Error('no address');
  const statusFrom = async (address: string) => {
    const caller = await UserAgent.open({ server: bound, protocol: 'udp', bind: { address, port: 0 } });
    agents.push(caller);
    const to = { uri: 'sip:bob@example.org', from: '<sip:alice@example.org>', media: 'none' } as const;
    const outcome = await caller.call(to).result;
    return outcome.result === 'refused' ? outcome.response.status : outcome.result;
  };
  expect([await statusFrom('127.0.0.1'), await statusFrom('127.0.0.3')]).toEqual([486, 403]);
});
