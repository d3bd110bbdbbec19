import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { parseHostPort } from '../../sip/host-port.ts';
import { type NameAddr, parseNameAddr } from '../../sip/name-addr.ts';
import { parseSipUri } from '../../sip/uri.ts';
import type { Address, Protocol, Target } from '../sip-stack/index.ts';

/** Where a request is to go, the host perhaps still a name. */
export interface Hop {
  protocol: Protocol;
  host: string;
  port: number;
}

const defaultPort = 5060;

/**
 * Reads where a URI leads (RFC 3263 4.1 and 4.2 without NAPTR and SRV).
 * @param uri SIP URI, a name-addr around one, or `host[:port]` as drachtio-srf's `proxy` option allows
 * @param protocol the one to use where the URI names none
 * @returns the hop; `invalid` for what is no such URI; `transport` for one that wants TLS or WebSocket
 */
export function hopOf(uri: string, protocol: Protocol): Hop | 'invalid' | 'transport' {
  const text = (uri.includes('<') ? (parseNameAddr(uri) as NameAddr | undefined)?.uri : uri.trim()) ?? '';
  if (!/^sips?:/i.test(text)) {
    const hostPort = text.includes('@') || text === '' ? undefined : parseHostPort(text);
    return hostPort ? { protocol, host: hostPort.host, port: hostPort.port ?? defaultPort } : 'invalid';
  }
  const parsed = parseSipUri(text);
  if (!parsed) return 'invalid';
  const transport = parsed.params.get('transport')?.toLowerCase() ?? protocol;
  if (parsed.scheme === 'sips' || (transport !== 'udp' && transport !== 'tcp')) return 'transport';
  return {
    protocol: transport,
    host: parsed.params.get('maddr') ?? parsed.host,
    port: parsed.port ?? defaultPort,
  };
}

/** @returns the target of a hop whose host is an address, else undefined: `resolveHop` finds it */
export function knownTarget(hop: Hop): Target | undefined {
  return isIP(hop.host) === 0 ? undefined : { protocol: hop.protocol, address: hop.host, port: hop.port };
}

/** @throws the resolver's error where the name has no address */
export async function resolveHop(hop: Hop): Promise<Target> {
  const { address } = await lookup(hop.host);
  return { protocol: hop.protocol, address, port: hop.port };
}

/** What decides where a request within a dialog goes. */
export interface DialogPath {
  /** Route URIs in order, as name-addr. */
  routeSet: readonly string[];
  /** URI of the peer's Contact. */
  remoteTarget: string;
  /** Where the peer's last request or answer came from. */
  flow: Target;
  /** The peer was where its Contact said as it named another: no NAT is between, and the new one is where it will be. */
  isAtContact: boolean;
}

/** @returns whether a Contact names the address and port that its peer sends from */
export function isSource(uri: string, flow: Target): boolean {
  const hop = hopOf(uri, flow.protocol);
  return typeof hop === 'object' && hop.host === flow.address && hop.port === flow.port;
}

/**
 * Where a request within a dialog goes. A peer behind a NAT has a Contact that leads nowhere, so, as drachtio does,
 * a TCP connection is used as long as it is open, and a UDP peer whose Contact is not where it sends from is
 * reached where it sends from, unless it came to that by a target refresh (RFC 3261 12.2.1.2), which drachtio follows for
 * no caller. Behind a proxy (a route set) the proxy knows.
 */
export function dialogHop({
  routeSet,
  remoteTarget,
  flow,
  isAtContact,
}: DialogPath): Hop | Target | 'invalid' | 'transport' {
  if (flow.connection?.open) return flow;
  const first = routeSet[0];
  if (first !== undefined) return hopOf(first, flow.protocol);
  const isBehindNat = flow.protocol === 'udp' && !isAtContact && !isSource(remoteTarget, flow);
  return isBehindNat ? flow : hopOf(remoteTarget, flow.protocol);
}

/** @returns whether an address is one of ours */
export function isOwn(addresses: readonly Address[], advertisedHost: string | undefined, hop: Hop): boolean {
  return addresses.some(
    ({ address, port }) => port === hop.port && (hop.host === address || hop.host === advertisedHost),
  );
}
