import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasTool } from '../support/process/tools.ts';
import { Sipp } from '../support/sipp.ts';
import { until } from '../support/until.ts';
import { SippGateway } from './support/sipp-gateway.ts';
import { Stack } from './support/stack.ts';

/* Callers that find no gateway while the pool may grow: the whole of `npm start`, SIPp on both sides. */

const waitLimitSec = 4;

describe.skipIf(!hasTool('sipp'))('a caller that waits', () => {
  let stack: Stack;
  const running: Sipp[] = [];
  beforeAll(async () => {
    // The fleet starts gateways that do not come: those that do are the scenarios' own.
    const pool = ['--min-free', '0', '--max', '10', '--start-delay', '600s'];
    stack = await Stack.start(...pool, '--edge', `WAIT_LIMIT_SEC=${waitLimitSec}`);
  });
  afterAll(() => stack?.stop());
  afterEach(async () => {
    await Promise.all(running.splice(0).map((sipp) => sipp.kill()));
    await stack.clearGateways();
  });

  const waiting = async () => (await stack.liveCalls()).filter(({ state }) => state === 'waiting');

  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    async function caller(scenario: string): Promise<Sipp> {
      const sipp = await Sipp.start({
        scenario: `caller/${scenario}`,
        target: stack.sip,
        transport,
        service: 'room12',
        keys: { domain: stack.domain },
      });
      running.push(sipp);
      return sipp;
    }

    it('waits-then-answered-200, by the gateway that registers', async () => {
      const sipp = await caller('waits-then-answered-200');
      await until('the call waits', async () => (await waiting()).length === 1);
      expect(await waiting()).toMatchObject([{ place: 1, room: 'room12' }]);
      const gateway = await SippGateway.register(stack, transport, 'answers-200');
      running.push(gateway.sipp);
      await sipp.succeeded();
      await gateway.done();
      await stack.untilGateway(gateway.username, 'gone');
      const [call] = await stack.calls();
      expect(call).toMatchObject({ outcome: 'answered', gateway: gateway.username });
    });

    it('cancelled-while-waiting-487, and nobody waits any more', async () => {
      const sipp = await caller('cancelled-while-waiting-487');
      await until('the call waits', async () => (await waiting()).length === 1);
      await sipp.succeeded();
      await until('nobody waits', async () => (await waiting()).length === 0);
      expect((await stack.calls())[0]).toMatchObject({ outcome: 'cancelled' });
    });

    it('start-timeout-503, when to come again and why', async () => {
      await (await caller('start-timeout-503')).succeeded();
      await until('nobody waits', async () => (await waiting()).length === 0);
      expect((await stack.calls())[0]).toMatchObject({ outcome: 'start-timeout' });
    });
  });
});
