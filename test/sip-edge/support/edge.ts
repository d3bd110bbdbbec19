import type { Hangup } from '../../../contracts/commands.ts';
import type { CallIdentity } from '../../../contracts/common.ts';
import type { FactOf, FactType } from '../../../contracts/facts.ts';
import { newCallId, newTag } from '../../../sip/message/build.ts';
import { EdgeApp } from '../../../sip-edge/app.ts';
import type { SecretSource } from '../../../sip-edge/auth/authenticator.ts';
import type { Secrets } from '../../../sip-edge/auth/digest.ts';
import { WatchedControlPlane } from '../../../sip-edge/control-plane/watched-control-plane.ts';
import {
  type ControlPlane,
  type Counted,
  type NewFact,
  steadyClock,
  systemClock,
} from '../../../sip-edge/ports.ts';
import { readSettings } from '../../../sip-edge/settings.ts';
import { SipPeer } from '../../support/sip-peer/peer.ts';
import type { RawPeer } from '../../support/sip-peer/raw-peer.ts';
import { Registrant } from '../../support/sip-peer/registrant.ts';
import type { SipServer } from '../../support/sip-server.ts';
import { until } from '../../support/until.ts';
import { domain, neededEnvironment } from './environment.ts';
import { recordingLog } from './log.ts';

export const password = 'shared secret';

/** A gateway that registers by hand. */
export const gatewayAt = (peer: RawPeer, username = `${newTag()}.mediagw.1`): Registrant =>
  new Registrant(peer, { username, domain, password });

/** The passwords, and what the next reading of the secret would find. */
class TestSecret implements SecretSource {
  secrets: Secrets = [password];
  /** What Secrets Manager has, where that is news to the edge. */
  rotated: Secrets | undefined;

  async refreshAfterMismatch(): Promise<boolean> {
    if (this.rotated === undefined) return false;
    this.secrets = this.rotated;
    this.rotated = undefined;
    return true;
  }
}

/**
 * The edge's application on a SIP server, with everything but calls: an INVITE that is let in gets 480, and 180 alone where
 * it calls `rings`.
 * @param environment settings as in the environment, beside those that the test needs anyway
 * @param accounts passwords of endpoints by user
 */
export async function startEdge(
  server: SipServer,
  controlPlane: ControlPlane,
  environment: Record<string, string> = {},
  accounts?: Readonly<Record<string, string>>,
) {
  const settings = readSettings({
    ...neededEnvironment,
    DRACHTIO_ADDRESS: `${server.admin.host}:${server.admin.port}`,
    DRACHTIO_SECRET: server.secret,
    ADDRESS_RATE_PER_SEC: '1000',
    ADDRESS_BURST: '10000',
    BAN_AFTER_FAILURES: '1000',
    ...environment,
  });
  const facts: NewFact[] = [];
  const log = recordingLog();
  const secret = new TestSecret();
  const lost: Hangup[] = [];
  const matched: CallIdentity[] = [];
  const invited: string[] = [];
  const calls = { active: 0, takeOvers: 0, ended: false };
  const counted: Counted[] = [];
  const meter = { count: (name: Counted) => void counted.push(name) };
  const app = new EdgeApp({
    settings,
    meter,
    controlPlane: new WatchedControlPlane(controlPlane, systemClock, meter),
    facts: { publish: (fact) => facts.push(fact) },
    secrets: secret,
    endpoints: accounts && {
      passwordOf: (username) => new Map(Object.entries(accounts)).get(username),
      refreshAfterMismatch: async () => false,
    },
    clock: systemClock,
    steadyClock,
    log,
    hasLeft: undefined,
    createCalls: () => ({
      invite: (req, res, halfOpen) => {
        invited.push(req.get('Call-ID') ?? '');
        res.send(/^sip:rings@/.test(req.uri) ? 180 : 480);
        halfOpen.over(false);
      },
      endEarly: () => false,
      onGatewayLost: (loss) => lost.push(loss),
      onHangup: (hangup) => lost.push(hangup),
      onMatched: (call) => matched.push(call),
      takeOver: () => {
        calls.takeOvers += 1;
      },
      get activeCalls() {
        return calls.active;
      },
      endAll: () => {
        calls.active = 0;
        calls.ended = true;
      },
      close: () => {},
    }),
  });
  await app.connect();
  await untilServing(server, log);
  const factsOf = <T extends FactType>(type: T) =>
    facts.filter((fact) => fact.type === type) as unknown as FactOf<T>[];
  return {
    app,
    settings,
    facts,
    factsOf,
    log,
    secret,
    lost,
    matched,
    invited,
    calls,
    close: () => app.close(),
  };
}

/**
 * A server takes its time to route to a new application, and to notice that one of before is gone: only a few
 * requests in a row that reach this one say that it serves. They come from an address of their own, which the
 * limits then count, and leave no trace in the log.
 */
async function untilServing(server: SipServer, log: ReturnType<typeof recordingLog>): Promise<void> {
  const peer = await SipPeer.connect('udp', server.sip, { from: '127.0.0.2' });
  try {
    let inARow = 0;
    await until('an edge that serves', async () => {
      const callId = newCallId();
      // One that went to an application of before is never answered.
      await peer.ask({ method: 'MESSAGE', uri: `sip:${domain}`, callId }).catch(() => undefined);
      inARow = log.lines.some((line) => line.callId === callId) ? inARow + 1 : 0;
      return inARow === 4;
    });
    log.lines.length = 0;
  } finally {
    await peer.close();
  }
}

export type TestEdge = Awaited<ReturnType<typeof startEdge>>;
