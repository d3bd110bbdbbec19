import { describe, expect, it } from 'vitest';
import { ownAddress } from '../../../sip-edge/health/options-probe.ts';

const ipv4 = (address: string, internal = false) => ({
  address,
  internal,
  family: 'IPv4' as const,
  netmask: '255.255.252.0',
  mac: '0a:58:a9:fe:ac:02',
  cidr: `${address}/22`,
});

describe('the address at which an edge looks for its SIP server', () => {
  it("is that of a Fargate task's network, not the link-local one by which ECS tells the task's metadata", () => {
    const eth0 = ipv4('169.254.172.2');
    expect(ownAddress({ lo: [ipv4('127.0.0.1', true)], eth0: [eth0], eth1: [ipv4('10.20.0.5')] })).toBe(
      '10.20.0.5',
    );
  });

  it('is loopback where there is no other', () => {
    expect(ownAddress({ lo: [ipv4('127.0.0.1', true)], eth0: [ipv4('169.254.172.2')] })).toBe('127.0.0.1');
  });
});
