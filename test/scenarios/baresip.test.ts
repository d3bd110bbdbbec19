import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BaresipCaller } from '../support/process/baresip.ts';
import { hasTool } from '../support/process/tools.ts';
import { shareOfTone } from '../support/wav.ts';
import { Stack } from './support/stack.ts';

const toneHz = 440;

/* The gateways that npm start runs, called by a real room system. */

describe.skipIf(!hasTool('baresip')).each(['baresip', 'node'] as const)(
  'baresip calls a %s gateway of npm start',
  (gatewayKind) => {
    let stack: Stack;
    const callers: BaresipCaller[] = [];

    beforeAll(async () => {
      stack = await Stack.start('--min-free', '1', '--max', '1', '--gateway-kind', gatewayKind);
    });
    afterAll(() => stack?.stop());
    afterEach(async () => {
      await Promise.all(callers.splice(0).map((caller) => caller.dispose()));
    });

    it.each(['tcp', 'udp'] as const)(
      'over %s, hears its own tone come back, and hangs up',
      async (transport) => {
        const [gateway] = await stack.gateways();
        const username = gateway?.username ?? '';
        expect(username).toMatch(/^[0-9a-f]{32}\.mediagw\.1$/);
        expect(gateway).toMatchObject({ state: 'free', received: expect.stringMatching(/tcp$/) });

        const caller = new BaresipCaller({
          server: stack.sip,
          transport,
          uri: `sip:room12@${stack.domain}`,
          toneHz,
        });
        callers.push(caller);
        await caller.established();
        await stack.untilGateway(username, 'busy');
        // The gateway plays nothing but what it hears: a tone that comes back has gone both ways.
        expect(shareOfTone(await caller.untilHeard(1.5), toneHz)).toBeGreaterThan(0.7);

        await caller.hangUp();
        await stack.untilGateway(username, 'gone');
        await stack.process.event('task.stopped', ({ taskId }) => username.startsWith(String(taskId)));
        // npm start keeps the pool at its number.
        await stack.process.event(
          'gateway.registered',
          (event) => event.username !== username && event.at > Date.parse(gateway?.registeredAt ?? ''),
        );
      },
    );
  },
);
