import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UserAgent } from '../../local/user-agent/user-agent.ts';
import { digestAnswer } from '../../sip/digest/client.ts';
import { eventually } from '../support/eventually.ts';
import { hasTool } from '../support/process/tools.ts';
import { Sipp } from '../support/sipp.ts';
import { newUsername, SippGateway } from './support/sipp-gateway.ts';
import { Stack, secret, withDrachtio } from './support/stack.ts';

/* Calls as SIPp places and takes them: each scenario is named after what it gets. */

describe.skipIf(!hasTool('sipp'))('a call by SIPp', () => {
  let stack: Stack;
  const running: Sipp[] = [];

  beforeAll(async () => {
    // SIPp takes nothing that its scenario does not expect, and OPTIONS that ask whether a call stands come at any moment.
    stack = await Stack.start('--edge', 'KEEPALIVE_INTERVAL_MS=3600000');
  });
  afterAll(() => stack?.stop());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((sipp) => sipp.kill()));
    await stack.clearGateways();
  });

  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    async function gateway(scenario: string, username?: string): Promise<SippGateway> {
      const registered = await SippGateway.register(stack, transport, scenario, username);
      running.push(registered.sipp);
      return registered;
    }

    async function caller(scenario: string, { room = 'room12' }: { room?: string } = {}): Promise<Sipp> {
      const sipp = await Sipp.start({
        scenario: `caller/${scenario}`,
        target: stack.sip,
        transport,
        service: room,
        keys: { domain: stack.domain, caller: 'alice' },
        credentials: { username: 'alice', password: 'guess', uri: stack.domain },
      });
      running.push(sipp);
      return sipp;
    }

    const call = async (...args: Parameters<typeof caller>) => (await caller(...args)).succeeded();

    it.each([
      ['answered-200', 'answers-200'],
      ['answered-200-gateway-hangs-up', 'answers-200-then-hangs-up'],
      ['late-offer-answered-200', 'answers-late-offer-200'],
      ['in-call-requests-200', 'answers-in-call-requests-200'],
      ['in-call-requests-from-gateway-200', 'sends-in-call-requests-200'],
    ])(
      '%s with a gateway that %s, whose location is gone afterwards',
      async (callerScenario, gatewayScenario) => {
        const called = await gateway(gatewayScenario);
        await call(callerScenario);
        await called.done();
        await stack.untilGateway(called.username, 'gone');
      },
    );

    it.each([
      'pool-exhausted-503',
      'no-room-484',
      'foreign-domain-403',
      'too-many-hops-483',
      'bad-from-400',
      'unsupported-scheme-416',
      'unauthenticated-403',
      'wrong-password-403',
      'options-200',
      // A real drachtio drops what it does not know by itself.
      ...(withDrachtio ? [] : ['unknown-method-501']),
      'subscribe-405',
      'bye-of-no-call-481',
      'info-of-no-call-481',
      'scanner-silence',
    ])('%s', async (scenario) => {
      await call(scenario);
    });

    it('not-registered-480 for a gateway asked for by its name', async () => {
      await call('not-registered-480', { room: newUsername() });
    });

    it('call-over-403 for the late refresh of a gateway whose call is over', async () => {
      const user = newUsername();
      const late = await Sipp.start({
        scenario: 'register/call-over-403',
        outOfCall: 'gateway/answers-200',
        target: stack.sip,
        transport,
        keys: { domain: stack.domain, user },
        credentials: { username: user, password: secret, uri: stack.domain },
      });
      running.push(late);
      await late.logged('registered');
      await call('answered-200');
      await stack.untilGateway(user, 'gone');
      await late.succeeded();
      expect(await stack.gateway(user)).toBeUndefined();
    });

    it('answered-200 by the gateway that was asked for by its name, and by no other', async () => {
      const asked = await gateway('answers-200');
      const other = await gateway('answers-200');
      await call('answered-200', { room: asked.username });
      await asked.done();
      await stack.untilGateway(asked.username, 'gone');
      expect((await stack.gateway(other.username))?.state).toBe('free');
    });

    it('answers a caller of our own domain with the right password, whose nonce is stale with a new one', async () => {
      const called = await gateway('answers-200');
      const username = 'alice';
      const agent = await UserAgent.open({ server: stack.server, protocol: transport });
      const uri = `sip:room12@${stack.domain}`;
      const challenge = {
        realm: stack.domain,
        nonce: 'made-up',
        algorithm: 'SHA-256',
        qopAuth: true,
        stale: false,
      } as const;
      const from = `"Room System" <sip:${username}@${stack.domain}>`;
      const credentials = { username, password: secret };
      const made = digestAnswer({ ...credentials, challenge, method: 'INVITE', uri, nonceCount: 1 });
      const outcome = await agent.call({ uri, from, media: 'none', credentials, authorization: made }).result;
      expect(outcome.result).toBe('answered');
      if (outcome.result === 'answered') await outcome.session.hangUp();
      await called.done();
      await agent.close();
    });

    it('all-gateways-locked-503 while the only gateway is in a call', async () => {
      const { sipp } = await gateway('rings-until-cancelled-487');
      const agent = await UserAgent.open({ server: stack.server, protocol: transport });
      const ringing = agent.call({
        uri: `sip:room1@${stack.domain}`,
        from: '<sip:first@endpoint.example>',
        media: 'none',
      });
      await sipp.logged('ringing');
      await call('all-gateways-locked-503');
      ringing.cancel();
      expect(await ringing.result).toMatchObject({ result: 'refused', response: { status: 487 } });
      await agent.close();
    });

    it('busy-everywhere-486 where the gateway rejects, which is free again', async () => {
      const busy = await gateway('rejects-486');
      await call('busy-everywhere-486');
      await busy.done();
      await stack.untilGateway(busy.username, 'free');
    });

    it('gateway-failed-500 after three gateways were tried, and the fourth was left alone', async () => {
      const gateways = await Promise.all(Array.from({ length: 4 }, () => gateway('rejects-500')));
      await call('gateway-failed-500');
      // Each is done with the ACK of its 500, which the caller's answer does not wait for.
      await eventually(() =>
        expect(gateways.filter(({ sipp }) => sipp.logs.includes('done'))).toHaveLength(3),
      );
      for (const { username } of gateways) await stack.untilGateway(username, 'free');
    });

    it('answered-200 by the next gateway where the first rejects', async () => {
      const first = await gateway('rings-then-rejects-486');
      const answered = await caller('answered-200');
      await first.sipp.logged('ringing');
      const second = await gateway('answers-200');
      await answered.succeeded();
      await Promise.all([first.done(), second.done()]);
      await stack.untilGateway(first.username, 'free');
      await stack.untilGateway(second.username, 'gone');
    });

    it('answered-200 by the next gateway where the first is silent, which is out until it registers', async () => {
      const first = await gateway('silent');
      const answered = await caller('answered-200');
      await first.sipp.logged('silent');
      const second = await gateway('answers-200');
      await answered.succeeded();
      await second.done();
      expect((await stack.gateway(first.username))?.state).toBe('silent');
    });

    it('gateway-failed-500 where the only gateway is silent', async () => {
      const silent = await gateway('silent');
      await call('gateway-failed-500');
      await stack.untilGateway(silent.username, 'silent');
    });

    it('no-answer-480 where the gateway says so', async () => {
      await gateway('rejects-480');
      await call('no-answer-480');
    });

    it('cancelled-while-ringing-487, and the gateway is free again', async () => {
      const ringing = await gateway('rings-until-cancelled-487');
      await call('cancelled-while-ringing-487');
      await ringing.done();
      await stack.untilGateway(ringing.username, 'free');
    });

    it('cancelled-before-ringing-487, and the gateway is free again', async () => {
      const ringing = await gateway('rings-until-cancelled-487');
      await call('cancelled-before-ringing-487');
      await stack.untilGateway(ringing.username, 'free');
    });

    it('cancelled-while-ringing-487 as the gateway answers: it is told that its call is over', async () => {
      const crossing = await gateway('answers-200-as-it-is-cancelled');
      await call('cancelled-while-ringing-487');
      await crossing.done();
      await stack.untilGateway(crossing.username, 'gone');
    });
  });
});
