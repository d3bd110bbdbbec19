import { isIP } from 'node:net';

/** The hosts that an edge serves as its own. */
export interface OwnHosts {
  sipDomain: string;
  /** Domains served beside it, and the edge's own addresses: room systems dial them where there is no DNS. */
  furtherDomains: readonly string[];
}

/** @param host in lower case, IPv6 without brackets */
export const isOwnHost = ({ sipDomain, furtherDomains }: OwnHosts, host: string): boolean =>
  host === sipDomain || furtherDomains.includes(host);

/** Whether a user of this host is one of ours: who calls by an address has none to speak for. */
export const isOwnDomain = (own: OwnHosts, host: string): boolean => isOwnHost(own, host) && isIP(host) === 0;
