import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Child } from '../support/process/child.ts';
import { hasPjsip, type PjsipOptions, startPjsip } from '../support/process/pjsip.ts';
import { Parties } from './support/parties.ts';
import { newUsername } from './support/sipp-gateway.ts';
import { Stack, secret } from './support/stack.ts';

/* A second opinion on the calls, by a stack that none of us wrote: PJSIP as a caller, and as a gateway. */

describe.skipIf(!hasPjsip())('PJSIP', () => {
  let stack: Stack;
  let parties: Parties;
  const started: Child[] = [];

  beforeAll(async () => {
    stack = await Stack.start();
    parties = new Parties(stack);
  });
  afterAll(() => stack?.stop());
  afterEach(async () => {
    await Promise.all(started.splice(0).map((child) => child.stop()));
    await parties.close();
    await stack.clearGateways();
  });

  function start(options: Partial<PjsipOptions> & Pick<PjsipOptions, 'role' | 'transport'>): Child {
    const { host, port } = stack.sip;
    const child = startPjsip({ server: `${host}:${port}`, domain: stack.domain, ...options });
    started.push(child);
    return child;
  }

  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    it.each([
      ['calls', {}],
      ['calls with a session timer that it requires', { timer: true }],
      ['calls, and requires reliable answers, which it gets', { reliable: true }],
    ])('%s, and hangs up', async (_what, more) => {
      const { username, answered } = await parties.gateway(transport);
      const target = `sip:room1@${stack.domain};transport=${transport}`;
      const caller = start({ role: 'caller', transport, target, ...more });
      await caller.says(/"state": "CONFIRMED"/);
      expect(caller.output).toMatch(/"state": "EARLY", "code": 180/);
      const session = await answered;
      expect((await caller.stop()).code).toBe(0);
      expect((await session.ended).by).toBe('remote');
      await stack.untilGateway(username, 'gone');
    });

    it('registers as a gateway with its digest, takes a call, and is told of its end', async () => {
      const username = newUsername();
      const gateway = start({ role: 'gateway', transport, username, password: secret });
      await gateway.says(/"event": "registration", "code": 200, "active": true/);
      const session = await parties.connect();
      await gateway.says(/"state": "CONFIRMED"/);
      expect(gateway.output).toMatch(/"sender": .*6-room12/);
      await session.hangUp();
      await gateway.says(/"state": "DISCONNECTED"/);
    });

    it('hears 503 where no gateway is free', async () => {
      const caller = start({
        role: 'caller',
        transport,
        target: `sip:room1@${stack.domain};transport=${transport}`,
      });
      await caller.says(/"state": "DISCONNECTED"/);
      expect(caller.output).toMatch(/"state": "DISCONNECTED", "code": 503/);
    });
  });
});
