import { describe, expect, it } from 'vitest';
import { trustedAddresses } from '../../../sip-edge/admission/trusted.ts';

describe('trusted addresses', () => {
  it('are those in the given networks', () => {
    const isTrusted = trustedAddresses(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']);
    expect(['10.1.2.3', '192.0.2.1', '2001:db8::1'].map(isTrusted)).toEqual([true, true, true]);
    expect(['11.0.0.1', '192.0.2.2', '2001:db9::1'].map(isTrusted)).toEqual([false, false, false]);
  });

  it.each(['10.0.0.0/33', '10.0.0', 'example.test', '10.0.0.0/8/8', '10.0.0.0/'])(
    'must be networks: %s',
    (cidr) => {
      expect(() => trustedAddresses([cidr])).toThrow(cidr);
    },
  );
});
