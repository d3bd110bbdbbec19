import { describe, expect, it } from 'vitest';
import { rulesOf, type World } from '../../lab/network/rules.ts';

/* The lab must not be more lenient than AWS: what the template's groups do not let in has no rule. */

const world: World = {
  network: '10.20.0.0/16',
  nodes: ['10.20.0.9'],
  ingress: [
    { group: 'door', protocol: 'udp', fromPort: 5060, toPort: 5060, cidr: '192.0.2.0/24' },
    { group: 'edges', protocol: 'udp', fromPort: 5060, toPort: 5060, sourceGroup: 'door' },
    { group: 'edges', protocol: 'tcp', fromPort: 8080, toPort: 8080, sourceGroup: 'door' },
    { group: 'edges', protocol: 'tcp', fromPort: 5060, toPort: 5060, sourceGroup: 'gateways' },
  ],
  interfaces: [
    { address: '10.20.0.21', publicAddress: '198.51.100.1', group: 'edges' },
    { address: '10.20.0.31', publicAddress: '198.51.100.2', group: 'gateways' },
  ],
  listeners: [
    { address: '203.0.113.1', group: 'door', port: 5060, protocols: ['udp', 'tcp'], targets: ['10.20.0.21'] },
  ],
  cutOff: undefined,
};

const admitted = (of: World) =>
  rulesOf(of)
    .split('\n')
    .filter((line) => line.endsWith(' accept') && line.includes('dport') && !line.includes('dport 53'))
    .map((line) => line.trim());

describe('the rules of the lab', () => {
  it('let in by the load balancer whom its own group lets in, its checks, and gateways', () => {
    expect(admitted(world)).toEqual([
      'ip daddr 10.20.0.21 udp dport 5060-5060 ct original ip daddr 203.0.113.1 ip saddr 192.0.2.0/24 accept',
      'ip daddr 10.20.0.21 udp dport 5060-5060 ip saddr { 10.20.0.9 } accept',
      'ip daddr 10.20.0.21 tcp dport 8080-8080 ip saddr { 10.20.0.9 } accept',
      'ip daddr 10.20.0.21 tcp dport 5060-5060 ip saddr { 10.20.0.31 } accept',
    ]);
  });

  it('send new flows to nobody where no target serves', () => {
    const [listener] = world.listeners;
    const without = { ...world, listeners: [{ ...(listener as World['listeners'][number]), targets: [] }] };
    expect(rulesOf(world)).toContain('ip daddr 203.0.113.1 udp dport 5060 dnat');
    expect(rulesOf(without)).not.toContain('dnat to numgen');
  });
});
