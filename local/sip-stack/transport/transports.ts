import type { Protocol, TransportEvents, TransportLimits } from './transport.ts';
import { openTcp, type TcpTransport } from './transport-tcp.ts';
import { openUdp, type UdpTransport } from './transport-udp.ts';

interface Transports {
  udp?: UdpTransport;
  tcp?: TcpTransport;
}

const attemptsForFreePort = 20;

/**
 * Opens UDP and TCP on one port number. With port 0 the system chooses it for UDP, and again where that number is
 * taken for TCP.
 * @throws the system's error where an address cannot be bound
 */
export async function openTransports(
  options: { bind: { address: string; port: number }; protocols?: readonly Protocol[] },
  limits: TransportLimits,
  events: TransportEvents,
): Promise<Transports> {
  const { bind, protocols = ['udp', 'tcp'] } = options;
  if (!protocols.includes('tcp')) return { udp: await openUdp(bind, limits, events) };
  if (!protocols.includes('udp')) return { tcp: await openTcp(bind, limits, events) };
  for (let attempt = 1; ; attempt++) {
    const udp = await openUdp(bind, limits, events);
    try {
      const tcp = await openTcp({ address: bind.address, port: udp.local.port }, limits, events);
      return { udp, tcp };
    } catch (error) {
      await udp.close();
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || bind.port !== 0 || attempt >= attemptsForFreePort) throw error;
    }
  }
}
