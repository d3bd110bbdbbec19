import { BlockList, isIP, isIPv6 } from 'node:net';
import { SettingsError } from '../settings.ts';

/**
 * @param cidrs e.g. `10.0.0.0/8`, `2001:db8::/32`, or single addresses
 * @returns whether an address is in one of them
 * @throws {SettingsError} naming the one that is no CIDR
 */
export function trustedAddresses(cidrs: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix, ...rest] = cidr.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const longest = family === 'ipv6' ? 128 : 32;
    const bits = prefix === undefined ? longest : Number(prefix);
    const isCidr =
      isIP(address) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix ?? '0') && bits <= longest;
    if (!isCidr) throw new SettingsError(`wrong settings: TRUSTED_ADDRESSES: ${cidr} is no CIDR`);
    trusted.addSubnet(address, bits, family);
  }
  return (address) => trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
