import { describe, expect, it } from 'vitest';
import { Bridge } from '../../../sip-edge/call/bridge.ts';
import { Leg } from '../../../sip-edge/call/leg/leg.ts';
import type { Srf, SrfRequest, SrfResponse } from '../../../sip-edge/drachtio/srf.ts';

describe('a flood within a call', () => {
  /** @returns how many of the requests were passed on, and how many answered, in one moment */
  function flood(protocol: string, requests: number) {
    const seen = { passed: 0, answered: 0 };
    const srf = { addDialog() {}, removeDialog() {}, request: () => (seen.passed += 1) } as unknown as Srf;
    const caller = new Leg(srf, 'caller', 'caller');
    new Bridge(caller, new Leg(srf, 'gateway', 'gateway'), {
      onEnd() {},
      onAck() {},
      onUnsentBye() {},
      contactFor: () => ({}),
      bodyOf: ({ body }) => body,
    }).open();
    const request = { method: 'INFO', protocol, headers: {}, body: '', raw: '' } as unknown as SrfRequest;
    const response = { send: () => (seen.answered += 1) } as unknown as SrfResponse;
    for (let sent = 0; sent < requests; sent++) caller.handle(request, response);
    return seen;
  }

  it('is met with silence by UDP, where an answer would help it', () => {
    const { passed, answered } = flood('udp', 5000);
    expect(passed).toBeGreaterThanOrEqual(100);
    expect(passed + answered).toBeGreaterThanOrEqual(1000);
    expect(passed + answered).toBeLessThan(5000);
  });

  it('is refused over a connection', () => {
    const { passed, answered } = flood('tcp', 5000);
    expect(passed).toBeLessThan(1000);
    expect(passed + answered).toBe(5000);
  });
});
