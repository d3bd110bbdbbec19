import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CommandError } from '../../command-line/command-error.ts';
import type { Address } from './options.ts';

/** @returns a TCP port of the loopback interface that was free just now, for a program that cannot be told 0 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @returns the error code of a bind, or undefined where the port is free */
async function tryTcp({ host, port }: Address): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    server.close();
  }
}

async function tryUdp({ host, port }: Address): Promise<string | undefined> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.close();
  }
}

/**
 * Tells before anything is started that an address cannot be had.
 * @throws CommandError saying which, why, and what to do
 */
export async function checkAddress(
  flag: string,
  address: Address,
  protocols: readonly ('UDP' | 'TCP')[],
): Promise<void> {
  if (address.port === 0) return;
  const { host, port } = address;
  for (const protocol of protocols) {
    const code = await (protocol === 'UDP' ? tryUdp(address) : tryTcp(address));
    if (code === undefined) continue;
    const why =
      code === 'EADDRINUSE'
        ? `port ${port} of ${host} is taken (${protocol}): stop what uses it`
        : code === 'EADDRNOTAVAIL'
          ? `${host} is no address of this machine`
          : `${host}:${port} cannot be had (${protocol}, ${code})`;
    throw new CommandError(`${why}, or choose another with --${flag} HOST:PORT`);
  }
}

/** @returns all IPv4 addresses of this machine, one of which its processes send from */
export function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
}

/** Whether a server that listens there takes what comes to any address of this machine. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0';

/**
 * @param host where a server listens
 * @returns an address by which others on this machine and its network reach it: for the wildcard, the first one that is
 *   neither loopback nor link-local
 */
export function reachableHost(host: string): string {
  if (!isWildcard(host)) return host;
  const addresses = Object.values(networkInterfaces()).flat();
  const own = addresses.find(
    (one) => one && !one.internal && one.family === 'IPv4' && !one.address.startsWith('169.254.'),
  );
  return own?.address ?? '127.0.0.1';
}
