import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Address } from './transport.ts';

/*
 * Node's UDP sockets hear of a closed port only when connected, and ours serves everybody. So where a peer on this
 * machine does not answer at once, a socket of its own asks whether anybody listens there. Not for other machines:
 * a firewall may refuse a stranger's port for a peer that is alive.
 */

const patienceMs = 250;
const maxProbes = 100;
const keepAlive = Buffer.from('\r\n\r\n');
let probes = 0;

/** @param onClosed called once where the system says that nobody listens on that port */
export function probeLoopbackPort({ address, port }: Address, onClosed: (error: Error) => void): void {
  if (!(address.startsWith('127.') || address === '::1') || probes >= maxProbes) return;
  probes++;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let over = false;
  const end = (error?: Error) => {
    if (over) return;
    over = true;
    probes--;
    clearTimeout(timer);
    socket.close();
    if (error) onClosed(error);
  };
  const timer = setTimeout(end, patienceMs);
  const refused = (error: Error) =>
    end((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? error : undefined);
  socket.on('error', refused);
  socket.connect(port, address, () => {
    // The refusal of the first comes with the second, or as an error of reading.
    socket.send(keepAlive, () => {
      if (!over) socket.send(keepAlive, (error) => error && refused(error));
    });
  });
}
