import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** @returns the local IPv4 address that packets to `server` leave from; connecting a UDP socket sends nothing */
export async function localAddressTowards(server: { address: string; port: number }): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.connect(server.port, server.address);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
