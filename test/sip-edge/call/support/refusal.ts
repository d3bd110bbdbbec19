import { expect } from 'vitest';
import type { ReceivedResponse } from '../../../support/sip-peer/message.ts';

/** What a refused caller must find: the outcome and the correlation id. */
export function expectRefusal(refusal: ReceivedResponse, status: number, outcome: string, callId: string) {
  expect(refusal.status).toBe(status);
  const reason = refusal.header('reason');
  expect(reason).toContain(`SIP;cause=${status};text="${outcome}`);
  expect(reason).toContain(callId);
}
