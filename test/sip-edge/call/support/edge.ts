import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { HalfOpenCalls } from '../../../../sip-edge/admission/half-open.ts';
import type { CallSettings } from '../../../../sip-edge/call/call.ts';
import { CallHandler } from '../../../../sip-edge/call/handler.ts';
import { CallJournal } from '../../../../sip-edge/call/journal.ts';
import { GatewayContact } from '../../../../sip-edge/call/leg/gateway-contact.ts';
import { SipMessages } from '../../../../sip-edge/call/messages.ts';
import { keepPendingInvites } from '../../../../sip-edge/drachtio/pending-invites.ts';
import { RegisteredConnections } from '../../../../sip-edge/drachtio/registered-connections.ts';
import { createSrf, type Srf } from '../../../../sip-edge/drachtio/srf.ts';
import { watchWire } from '../../../../sip-edge/drachtio/wire-bytes.ts';
import { EdgeLease } from '../../../../sip-edge/health/edge-lease.ts';
import { type ControlPlane, type FactSink, systemClock } from '../../../../sip-edge/ports.ts';
import { patienceMs } from '../../../support/patience.ts';
import { SipPeer } from '../../../support/sip-peer/peer.ts';
import type { SipServer } from '../../../support/sip-server.ts';
import { type LogLine, recordingLog } from '../../support/log.ts';

/** The only way to its sockets. */
interface Insides {
  app: {
    client: {
      mapServer: Map<Socket, unknown>;
      wp: { closing?: boolean; socket?: Socket; reconnectVars: { retryTimer?: NodeJS.Timeout } };
    };
  };
}

/** The part of the edge that handles calls, on its own: no admission, no registrar. */
export interface TestEdge {
  readonly handler: CallHandler;
  readonly srf: Srf;
  /** What was logged at info and above. */
  readonly logged: LogLine[];
  /** How many INVITEs the application was told the CANCEL of. */
  readonly cancels: number;
  /** Cuts the connection to the SIP server; the edge connects again. */
  breakConnection(): void;
  /** Ends it as a crash does: no BYE, no fact, only the connection to the SIP server breaks. */
  kill(): void;
}

export const testSettings: CallSettings = {
  edgeId: 'edge-1',
  gatewayName: 'mediagw',
  gatewayText: 'sipmediagw',
  gatewayTimeoutMs: 5000,
  maxAttempts: 3,
  ringLimitSec: 30,
  waitLimitSec: 30,
  probeIntervalMs: 300,
  probeTimeoutMs: 2000,
  keepaliveIntervalMs: 60_000,
  repairSdp: false,
};

export async function startTestEdge(
  server: SipServer,
  world: Pick<ControlPlane, 'allocate' | 'listEdgeCalls' | 'renewEdge'> & FactSink & { stateDir: string },
  { localNet, ...settings }: Partial<CallSettings> & { localNet?: string } = {},
): Promise<TestEdge> {
  const srf = createSrf();
  const log = recordingLog();
  const messages = new SipMessages(systemClock);
  const gatewayContact = new GatewayContact(localNet);
  const connections = new RegisteredConnections();
  srf.on('connect', (_error, _hostPorts, _version, local = '') => {
    gatewayContact.listensOn(local);
    connections.listensOn(local);
  });
  let isDead = false;
  const handler = new CallHandler({
    journal: new CallJournal(world.stateDir, log),
    messages,
    srf,
    gatewayContact,
    connections,
    controlPlane: world,
    // What is dead says nothing, though its timers run on in this process.
    facts: { publish: (fact) => void (isDead || world.publish(fact)) },
    settings: { ...testSettings, ...settings },
    log,
    clock: systemClock,
    random: Math.random,
  });
  const lease = new EdgeLease({
    controlPlane: world,
    settings: { hangupPollMs: 200, heartbeatSec: 15 },
    clock: systemClock,
    log,
    countCalls: () => handler.activeCalls,
    onHangup: (hangup) => handler.onHangup(hangup),
  });
  const halfOpen = new HalfOpenCalls({ halfOpenLimit: 1, trackedAddresses: 1 }, () => true);
  let cancels = 0;
  srf.invite((request, response) => {
    request.once('cancel', () => {
      cancels += 1;
    });
    const call = halfOpen.open(request.source_address);
    if (call) void handler.invite(request, response, call);
  });
  srf.use('bye', (request, response) => {
    if (!handler.endEarly(request, response)) response.send(481);
  });
  // A registrar that believes everybody: the server notes by which connection a Contact is reached.
  srf.register((request, response) => {
    const { contact = '' } = request.headers;
    if (!connections.takeOwn(request, response)) response.send(200, { headers: { contact, expires: '600' } });
  });
  const id = crypto.randomUUID();
  srf.options((_request, response) => response.send(200, { headers: { 'X-Edge': id } }));
  srf.on('error', () => {});
  const connected = new Promise<void>((resolve) => {
    srf.on('connect', () => {
      keepPendingInvites(srf);
      lease.start();
      void handler.takeOver();
      resolve();
    });
  });
  srf.connect({ ...server.admin, secret: server.secret, reconnect: { retryMaxDelay: 200 } });
  watchWire(srf, { unreadable: () => {}, passing: (passing) => messages.see(passing) });
  await connected;
  const insides = srf as unknown as Insides;
  const sockets = () => [...insides.app.client.mapServer.keys()];
  const breakConnection = () => {
    for (const socket of sockets()) socket.destroy();
  };
  const kill = () => {
    isDead = true;
    lease.stop();
    handler.close();
    // `srf.disconnect()` throws while it is reconnecting, and goes on with that.
    const { wp } = insides.app.client;
    wp.closing = true;
    clearTimeout(wp.reconnectVars.retryTimer);
    wp.socket?.destroy();
    for (const socket of sockets()) socket.destroy();
  };
  await untilServing(server, id).catch((error: unknown) => {
    kill();
    throw error;
  });
  return {
    handler,
    srf,
    get logged() {
      return log.lines.filter(({ level }) => level !== 'debug');
    },
    get cancels() {
      return cancels;
    },
    breakConnection,
    kill,
  };
}

/**
 * A server takes its time to route to a new application, and to notice that one of before is gone, so the first
 * requests may meet neither: only a few answers in a row say that this one serves.
 */
async function untilServing(server: SipServer, id: string): Promise<void> {
  const peer = await SipPeer.connect('udp', server.sip);
  const deadline = Date.now() + patienceMs;
  for (let inARow = 0; inARow < 4; ) {
    if (Date.now() > deadline) throw new Error('the edge does not serve');
    const probe = { method: 'OPTIONS', uri: `sip:${server.sip.host}:${server.sip.port}` };
    const answered = peer.ask(probe).catch(() => undefined);
    const answer = await Promise.race([answered, delay(300)]);
    inARow = answer?.headers.get('x-edge') === id ? inARow + 1 : 0;
  }
  await peer.close();
}
