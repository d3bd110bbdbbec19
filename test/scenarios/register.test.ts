import { afterAll, afterEach, beforeAll, describe, it } from 'vitest';
import { hasTool } from '../support/process/tools.ts';
import { Sipp } from '../support/sipp.ts';
import { newUsername } from './support/sipp-gateway.ts';
import { Stack, secret } from './support/stack.ts';

/* REGISTER as SIPp does it: each scenario is named after what it gets. */

interface Case {
  scenario: string;
  credentials?: Partial<{ username: string; password: string }>;
}

const cases: Case[] = [
  { scenario: 'registered-200' },
  { scenario: 'refreshed-200' },
  { scenario: 'short-expires-raised-to-60-200' },
  { scenario: 'long-expires-cut-to-3600-200' },
  { scenario: 'several-contacts-200' },
  { scenario: 'one-contact-removed-200' },
  { scenario: 'bindings-fetched-200' },
  { scenario: 'unregistered-200' },
  { scenario: 'all-contacts-removed-200' },
  { scenario: 'star-with-expires-400' },
  { scenario: 'out-of-order-cseq-400' },
  { scenario: 'refreshed-on-the-same-nonce-200' },
  { scenario: 'wrong-password-403', credentials: { password: 'guess' } },
  { scenario: 'credentials-of-another-403', credentials: { username: '10.0.0.8.mediagw.1' } },
  { scenario: 'no-gateway-name-403' },
  { scenario: 'foreign-domain-403' },
  { scenario: 'extension-required-420' },
];

async function play(stack: Stack, transport: 'udp' | 'tcp', { scenario, credentials }: Case): Promise<void> {
  const user = newUsername();
  const sipp = await Sipp.start({
    scenario: `register/${scenario}`,
    target: stack.sip,
    transport,
    keys: { domain: stack.domain, user },
    credentials: { username: user, password: secret, uri: stack.domain, ...credentials },
  });
  await sipp.succeeded();
}

describe.skipIf(!hasTool('sipp'))('REGISTER by SIPp', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start();
  });
  afterAll(() => stack?.stop());
  afterEach(() => stack.clearGateways());

  describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
    it.each(cases)('$scenario', (of) => play(stack, transport, of));
  });
});

describe.skipIf(!hasTool('sipp'))('REGISTER by SIPp where short times are refused', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start('--min-expires-mode', 'refuse');
  });
  afterAll(() => stack?.stop());

  it.each(['udp', 'tcp'] as const)('short-expires-refused-423 over %s', (transport) =>
    play(stack, transport, { scenario: 'short-expires-refused-423' }),
  );
});
