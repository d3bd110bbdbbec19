import { expect, it } from 'vitest';
import type { AllocateAnswer } from '../../../../contracts/commands.ts';
import type { InvitedCall } from '../../../../sip-edge/call/call.ts';
import type { CallerLeg } from '../../../../sip-edge/call/leg/caller-leg.ts';
import { GatewayRequest } from '../../../../sip-edge/call/setup/gateway-request.ts';
import type { Ringback } from '../../../../sip-edge/call/setup/ringback.ts';
import { testSettings } from '../support/edge.ts';

it('tells the pool again while the call waits, ever less often: a start may have been refused', async () => {
  let nowMs = 1_800_000_000_000;
  const said: unknown[] = [];
  const waiting = { result: 'waiting', cause: 'starting', ahead: 0, askAgainSec: 0.1 } as const;
  const caller = { gone: new Promise(() => {}), dialogId: () => undefined };
  const request = new GatewayRequest(
    {
      controlPlane: {
        // Each ask takes a second on the clock, and none of the test's time.
        allocate: async (): Promise<AllocateAnswer> => {
          nowMs += 1000;
          request.onMatched();
          return waiting;
        },
      } as never,
      facts: { publish: (fact) => said.push('waitedSec' in fact && fact.waitedSec) },
      settings: { ...testSettings, waitLimitSec: 90 },
      clock: { now: () => nowMs, after: () => () => {} },
      random: () => 0,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      srf: {} as never,
      journal: {} as never,
      messages: {} as never,
      gatewayContact: { headersFor: () => ({}) },
      connections: { forget: async () => {} },
    },
    {
      callId: 'call-1',
      room: '1234',
      failed: [],
      target: { kind: 'room' },
      from: {},
    } as unknown as InvitedCall,
    caller as unknown as CallerLeg,
    { waits() {} } as unknown as Ringback,
  );
  expect(await request.ask()).toMatchObject({ result: 'refused', outcome: 'start-timeout' });
  expect(said).toEqual([0, 5, 10, 20, 40, 80]);
});
