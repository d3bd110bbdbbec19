import type { Hangup } from '../contracts/commands.ts';
import type { CallIdentity } from '../contracts/common.ts';
import { Admission } from './admission/admission.ts';
import { type HalfOpenCall, HalfOpenCalls } from './admission/half-open.ts';
import { AddressLimits } from './admission/limits.ts';
import { trustedAddresses } from './admission/trusted.ts';
import { createAuthenticator, type SecretSource } from './auth/authenticator.ts';
import type { EndpointAccounts } from './auth/endpoint-accounts.ts';
import type { CallParts } from './call/call.ts';
import { GatewayContact } from './call/leg/gateway-contact.ts';
import { SipMessages } from './call/messages.ts';
import type { WatchedControlPlane } from './control-plane/watched-control-plane.ts';
import { DrachtioConnection } from './drachtio/connection.ts';
import { refuse } from './drachtio/refuse.ts';
import { RegisteredConnections } from './drachtio/registered-connections.ts';
import { createSrf, type Srf, type SrfRequest, type SrfResponse } from './drachtio/srf.ts';
import { answerOptions } from './health/answer-options.ts';
import { EdgeLease } from './health/edge-lease.ts';
import { type AlarmClock, type FactSink, type Log, type Meter, pause } from './ports.ts';
import { Registrar } from './registrar/registrar.ts';
import type { Settings } from './settings.ts';
import { LogByAddress } from './telemetry/log-by-address.ts';

/** What the application asks of its calls: sip-edge/call/handler.ts answers it. */
export interface Calls {
  /** Takes an admitted INVITE that opens a call. Never rejects. */
  invite(req: SrfRequest, res: SrfResponse, halfOpen: HalfOpenCall): void | Promise<void>;
  /** @returns whether a BYE ended a call that was not answered yet; it is answered then */
  endEarly(bye: SrfRequest, response: SrfResponse): boolean;
  /** The gateway of this call is gone: the caller's leg is ended. A call that this edge does not hold is ignored. */
  onGatewayLost(loss: Hangup): void;
  /** The control plane wants a call ended: its gateway is gone, or an operator says so. */
  onHangup(hangup: Hangup): void;
  /** A waiting call has a gateway: it asks at once. A call that this edge does not hold is ignored. */
  onMatched(call: CallIdentity): void;
  /** Called on each connection to drachtio: takes over the calls that the table says this edge holds. */
  takeOver(): void | Promise<void>;
  readonly activeCalls: number;
  /** Ends every call by BYE. */
  endAll(): void;
  /** Stops timers and listening; calls go on. */
  close(): void | Promise<void>;
}

export interface EdgeParts {
  settings: Settings;
  controlPlane: WatchedControlPlane;
  facts: FactSink;
  secrets: SecretSource;
  /** None: only gateways register, and nobody of our domain calls. */
  endpoints: EndpointAccounts | undefined;
  clock: AlarmClock;
  /** For spans of time: a lease, a limit, a ban. */
  steadyClock: AlarmClock;
  log: Log;
  meter: Meter;
  /** Whether it has left its target groups, so that new calls are other edges'. None: there is no load balancer to leave. */
  hasLeft: (() => boolean) | undefined;
  createCalls(parts: Omit<CallParts, 'journal' | 'random'>): Calls;
}

/** Methods that are always refused. They are routed nevertheless: drachtio answers 503 to what has no route. */
const otherMethods = ['bye', 'info', 'message', 'notify', 'publish', 'refer', 'subscribe', 'update'] as const;

const drainPollMs = 50;
/** How long a BYE may take to be answered. */
const endCallsPatienceMs = 1500;

/** The edge's application on one drachtio: who may come in, the registrar, the calls, the edge's lease. */
export class EdgeApp {
  readonly #parts: EdgeParts;
  readonly #srf: Srf;
  readonly #connection: DrachtioConnection;
  readonly #calls: Calls;
  readonly #lease: EdgeLease;
  readonly #refusals: LogByAddress;
  readonly #connections = new RegisteredConnections();
  readonly #messages: SipMessages;
  readonly #halfOpen: HalfOpenCalls;
  #isDraining = false;

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    const { settings, controlPlane, facts, secrets, endpoints, clock, steadyClock, log, meter } = parts;
    const hasEndpoints = endpoints !== undefined;
    this.#srf = createSrf();
    this.#connection = new DrachtioConnection(this.#srf, settings, log);
    const gatewayContact = new GatewayContact(settings.localNet);
    this.#messages = new SipMessages(clock);
    const connections = this.#connections;
    this.#srf.on('connect', (_error, _hostPorts, _version, localHostPorts = '') => {
      gatewayContact.listensOn(localHostPorts);
      connections.listensOn(localHostPorts);
    });
    const srf = this.#srf;
    this.#calls = parts.createCalls({
      srf,
      controlPlane,
      facts,
      settings,
      gatewayContact,
      connections,
      messages: this.#messages,
      log,
      clock,
    });
    this.#lease = new EdgeLease({
      controlPlane,
      settings,
      clock: steadyClock,
      log,
      countCalls: () => this.#calls.activeCalls,
      onHangup: (hangup) => this.#calls.onHangup(hangup),
    });

    const limits = new AddressLimits(settings, steadyClock);
    const authenticator = createAuthenticator({ settings, secrets, endpoints, limits, clock });
    const isTrusted = trustedAddresses(settings.trustedAddresses);
    this.#halfOpen = new HalfOpenCalls(settings, (address) => isTrusted(address) || limits.isExempt(address));
    const refusals = new LogByAddress(log, steadyClock, settings.trackedAddresses);
    this.#refusals = refusals;
    const admission = new Admission({
      policy: settings,
      limits,
      authenticator,
      hasEndpoints,
      isTrusted,
      log,
      refusals,
      meter,
    });
    const registrar = new Registrar({
      settings,
      hasEndpoints,
      controlPlane,
      facts,
      authenticator,
      admission,
      clock,
      log,
      refusals,
      onGatewayLost: (loss) => this.#calls.onGatewayLost(loss),
      onMatched: (call) => this.#calls.onMatched(call),
    });
    this.#route(admission, registrar);
  }

  /**
   * Connects to drachtio, and again whenever the connection is lost.
   * @returns settles on the first connection, with the addresses on which drachtio takes SIP
   */
  connect(): Promise<string> {
    const connected = () => {
      this.#lease.start();
      this.#takeOver();
    };
    return this.#connection.open({
      connected,
      gone: () => this.#lease.stop(),
      unreadable: ({ address, why }) =>
        this.#refusals.warn(address, { event: 'unreadable', why }, 'message not understood'),
      passing: (passing) => this.#messages.see(passing),
    });
  }

  get #refusesCalls(): boolean {
    return this.#isDraining || (this.#parts.hasLeft?.() ?? this.isDrainedByOperator);
  }

  get isDrainedByOperator(): boolean {
    return this.#lease.isDraining;
  }

  get activeCalls(): number {
    return this.#calls.activeCalls;
  }

  get halfOpenCalls(): number {
    return this.#halfOpen.size;
  }

  /**
   * Takes no more calls, and settles when those in progress are over. What goes on at the limit is hung up on both
   * sides: drachtio ends with its task, and sends no BYE of its own.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const { settings, log } = this.#parts;
    log.info({ event: 'edge-draining', calls: this.activeCalls }, 'no new calls');
    await this.#untilNoCalls(settings.drainLimitSec * 1000);
    if (this.activeCalls > 0) {
      log.warn({ event: 'edge-ends-calls', calls: this.activeCalls }, 'calls in progress are ended');
      this.#calls.endAll();
      await this.#untilNoCalls(endCallsPatienceMs);
    }
    log.info({ event: 'edge-drained', calls: this.activeCalls }, 'drained');
  }

  async #untilNoCalls(patienceMs: number): Promise<void> {
    const { steadyClock: clock } = this.#parts;
    const deadline = clock.now() + patienceMs;
    while (this.activeCalls > 0 && clock.now() < deadline) {
      await pause(clock, drainPollMs);
    }
  }

  async close(): Promise<void> {
    this.#lease.stop();
    await this.#calls.close();
    await this.#connection.close();
  }

  #route(admission: Admission, registrar: Registrar): void {
    const { controlPlane } = this.#parts;
    this.#srf.use('bye', (req, res, next) => void (this.#calls.endEarly(req, res) || next()));
    this.#srf.use('register', (req, res, next) => void (this.#connections.takeOwn(req, res) || next()));
    this.#srf.use((req, res, next) => admission.handle(req, res, next));
    this.#srf.register((req, res) => void registrar.handle(req, res));
    this.#srf.options((req, res) =>
      answerOptions(req, res, { isDraining: this.#refusesCalls, isHealthy: controlPlane.isHealthy }),
    );
    this.#srf.invite((req, res) => this.#invite(req, res));
    // A request outside a dialog that does not open one.
    for (const method of otherMethods)
      this.#srf.use(method, (req, res) => void refuse(req, res, 'no-such-dialog'));
  }

  #invite(req: SrfRequest, res: SrfResponse): void {
    const halfOpen = this.#refusesCalls
      ? 'draining'
      : (this.#halfOpen.open(req.source_address) ?? 'half-open');
    if (typeof halfOpen !== 'string') {
      void this.#calls.invite(req, res, halfOpen);
      return;
    }
    this.#parts.meter.count('RefusedInvites');
    const status = refuse(req, res, halfOpen);
    const callId = req.headers['call-id'];
    this.#refusals.warn(req.source_address, { callId, outcome: halfOpen, status }, 'INVITE refused');
  }

  #takeOver(): void {
    const { log } = this.#parts;
    // As a promise from the start, so that what it throws at once is logged too.
    const takeOver = async () => this.#calls.takeOver();
    takeOver().catch((error: unknown) =>
      log.error({ event: 'take-over-failed', error }, 'taking over calls'),
    );
  }
}
