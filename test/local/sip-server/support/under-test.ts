import { pino } from 'pino';
import { startSipServer as startEmbedded } from '../../../../local/sip-server/server.ts';
import { createSrf, type Dialog, type Srf } from '../../../../sip-edge/drachtio/srf.ts';
import { SipPeer } from '../../../support/sip-peer/peer.ts';
import { type Address, startSipServer as startConfigured } from '../../../support/sip-server.ts';
import { until } from '../../../support/until.ts';

/*
 * The server that the scenarios run against: the embedded one in this process, its clocks ten times as fast, or a
 * real drachtio where the environment names one (DRACHTIO, see test/support/sip-server.ts).
 */

export interface UnderTest {
  readonly kind: 'drachtio' | 'embedded';
  readonly admin: Address;
  readonly sip: Address;
  readonly secret: string;
  /** RFC 3261's T1: everything that waits is a multiple of it. */
  readonly t1Ms: number;
  /** What the embedded server holds. */
  counts?(): Record<string, number>;
  stop(): Promise<void>;
}

const fastT1Ms = 50;
const realT1Ms = 500;
const secret = 'test-secret';
export const anyPort = { address: '127.0.0.1', port: 0 };
export const silentLog = pino({ level: 'silent' });

export async function startUnderTest(): Promise<UnderTest> {
  if (process.env.DRACHTIO) {
    const server = await startConfigured();
    await untilAnswers(server.sip);
    return { ...server, t1Ms: realT1Ms };
  }
  return startEmbeddedUnderTest({
    limits: { pendingMs: 40 * fastT1Ms, sessionSecondMs: 10 },
    timers: { t1Ms: fastT1Ms, t2Ms: 8 * fastT1Ms, t4Ms: 10 * fastT1Ms },
  });
}

/** @param options limits, and all three timers of RFC 3261 17 */
export async function startEmbeddedUnderTest(
  options: Pick<Parameters<typeof startEmbedded>[0], 'limits'> & {
    timers: { t1Ms: number; t2Ms: number; t4Ms: number };
  },
): Promise<UnderTest> {
  const server = await startEmbedded({ admin: anyPort, sip: anyPort, secret, log: silentLog, ...options });
  const host = '127.0.0.1';
  return {
    kind: 'embedded',
    admin: { host, port: server.admin.port },
    sip: { host, port: server.sip.port },
    secret,
    t1Ms: options.timers.t1Ms,
    counts: server.counts,
    stop: server.close,
  };
}

/** A drachtio takes applications a moment before it takes SIP. */
async function untilAnswers(sip: Address): Promise<void> {
  const peer = await SipPeer.connect('udp', sip);
  const ask = () => peer.outside(`sip:${sip.host}:${sip.port}`).send('OPTIONS');
  const asking = setInterval(ask, 50);
  try {
    await until('anything comes', () => peer.received[0]);
  } finally {
    clearInterval(asking);
    await peer.close();
  }
}

/** One application, connected. */
export interface App {
  srf: Srf;
  /** Cuts the connection as a crash does, for good. */
  kill(): void;
}

/** @param prepare registers the handlers */
export async function connectApp(server: UnderTest, prepare: (srf: Srf) => void): Promise<App> {
  const srf = createSrf();
  srf.on('error', () => {});
  prepare(srf);
  const connected = new Promise<void>((resolve, reject) => {
    srf.on('connect', (error) => (error ? reject(error) : resolve()));
  });
  srf.connect({ ...server.admin, secret: server.secret });
  await connected;
  const { client } = (srf as unknown as Insides).app;
  // Its routes are behind its greeting on the way: an answer to something later says that they have arrived.
  await new Promise<void>((resolve) => {
    for (const [socket, state] of client.mapServer) {
      state.pendingRequests.set(client.wp.send(socket, 'ping'), () => resolve());
    }
  });
  return {
    srf,
    kill() {
      client.wp.closing = true;
      for (const socket of client.mapServer.keys()) socket.destroy();
    },
  };
}

interface Insides {
  app: {
    client: {
      wp: { closing: boolean; send(socket: Destroyable, message: string): string };
      mapServer: Map<Destroyable, { pendingRequests: Map<string, () => void> }>;
    };
  };
}

interface Destroyable {
  destroy(): void;
}

/** Joins two legs: the end of one ends the other. */
export function join(one: Dialog, other: Dialog): void {
  one.on('destroy', () => void other.destroy().catch(() => {}));
  other.on('destroy', () => void one.destroy().catch(() => {}));
}
