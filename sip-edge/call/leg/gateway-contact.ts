import { BlockList } from 'node:net';
import { parseHostPort } from '../../../sip/host-port.ts';
import type { Headers } from '../../drachtio/srf.ts';

/**
 * The Contact that a gateway of the edge's own network is told. drachtio would tell the address that callers are told:
 * what the gateway sends within the call would leave the network and come back by way of the load balancer, or not at
 * all, where the load balancer lets few in. Once given, drachtio repeats it in requests of its own within the dialog,
 * but not in answers.
 */
export class GatewayContact {
  readonly #net: BlockList | undefined;
  /** Protocol → `host:port` inside the network. */
  readonly #own = new Map<string, string>();

  /** @param localNet CIDR of the network, IPv4; undefined: drachtio decides for all */
  constructor(localNet: string | undefined) {
    if (localNet === undefined) return;
    const [address = '', prefix] = localNet.split('/');
    this.#net = new BlockList();
    this.#net.addSubnet(address, Number(prefix), 'ipv4');
  }

  /** @param hostPorts where drachtio listens, as it says on connect: `tcp/10.20.0.5:5060,udp/10.20.0.5:5060,…` */
  listensOn(hostPorts: string): void {
    this.#own.clear();
    for (const [protocol = '', address = ''] of hostPorts.split(',').map((one) => one.split('/'))) {
      const host = parseHostPort(address)?.host;
      if (host !== undefined && this.#isLocal(host)) this.#own.set(protocol, address);
    }
  }

  /**
   * @param address from which the gateway sends
   * @returns the Contact for it, as header; none for a gateway elsewhere
   */
  headersFor(address: string, protocol: string): Headers {
    const own = this.#own.get(protocol);
    if (own === undefined || !this.#isLocal(address)) return {};
    return { contact: `<sip:${own};transport=${protocol}>` };
  }

  #isLocal(address: string): boolean {
    return this.#net?.check(address) ?? false;
  }
}
