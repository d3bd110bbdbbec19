import { BlockList, isIPv4 } from 'node:net';
import { passableBody } from '../../drachtio/size-limit.ts';
import type { SrfRequest, SrfResponse } from '../../drachtio/srf.ts';

/** Addresses that mean something only where the caller is (RFC 1918, RFC 6598, RFC 3927). */
const unreachable = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const) {
  unreachable.addSubnet(network, bits, 'ipv4');
}

const connection = /^(c=IN IP4 )(\d{1,3}(?:\.\d{1,3}){3})/gm;

/** @returns a body as it goes on to the other side of the call */
export type BodyReader = (message: SrfRequest | SrfResponse) => string | undefined;

/** @param repairs whether SDP of callers behind NAT is repaired; else every body goes on as it came */
export function bodyReader(repairs: boolean): BodyReader {
  if (!repairs) return passableBody;
  return (message) => {
    const body = passableBody(message);
    return body ? repairSdp(body, message.headers['content-type'], message.source_address) : body;
  };
}

/**
 * Lets who is behind NAT be sent media: an address of its own network in `c=` (RFC 8866 5.7) becomes the one that its
 * packets come from. Nothing else of the SDP is touched: ports are those that it writes, which most NATs keep.
 * @param body of a message. @param contentType as its header has it. @param source where it came from
 */
export function repairSdp(body: string, contentType: string | undefined, source: string): string {
  const isSdp = /^\s*application\/sdp\s*(;|$)/i.test(contentType ?? '');
  if (!isSdp || !isIPv4(source) || unreachable.check(source)) return body;
  return body.replace(connection, (line, start: string, address: string) =>
    isIPv4(address) && unreachable.check(address) ? start + source : line,
  );
}
