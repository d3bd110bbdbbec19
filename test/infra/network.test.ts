import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Template } from '../../scripts/cost/template.ts';
import { firewallTable, insideTable } from '../../scripts/network/firewall-table.ts';
import { synthesize } from './synth.ts';

const templateOf = (settings: Record<string, unknown> = {}) => synthesize(settings).toJSON() as Template;
const page = readFileSync(resolve(import.meta.dirname, '../../docs/network.md'), 'utf8');

describe('docs/network.md', () => {
  it('says what the security groups of the template say', () => {
    expect(page).toContain(firewallTable(templateOf()));
    expect(page).toContain(firewallTable(templateOf({ mediaAddress: 'turn' })));
    expect(page).toContain(insideTable(templateOf({ mediaAddress: 'turn' })));
  });
});

describe('with TURN', () => {
  it('nothing but the edges reaches a gateway unasked', () => {
    expect(firewallTable(templateOf({ mediaAddress: 'turn' }))).not.toContain('| Gateways |');
  });
});

it('lists each address that may call, and TLS where it is taken', () => {
  const tlsCertificateSecretArn = 'arn:aws:secretsmanager:eu-west-3:123456789012:secret:sip-tls-AbCdEf';
  const text = firewallTable(
    templateOf({ allowedAddresses: '192.0.2.0/24,2001:db8::/32', tlsCertificateSecretArn }),
  );
  expect(text).toContain('| 192.0.2.0/24 | Load balancer | TCP | 5061 | 2 static | SIP |');
  expect(text).toContain('| 2001:db8::/32 | Load balancer | UDP | 5060 | 2 static | SIP |');
});
