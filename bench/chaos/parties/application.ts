import { HalfOpenCalls } from '../../../sip-edge/admission/half-open.ts';
import { CallHandler } from '../../../sip-edge/call/handler.ts';
import { SipMessages } from '../../../sip-edge/call/messages.ts';
import { Flow } from '../../../sip-edge/control-plane/flow/flow.ts';
import { LambdaControlPlane } from '../../../sip-edge/control-plane/lambda-control-plane.ts';
import { refuse } from '../../../sip-edge/drachtio/refuse.ts';
import type { SrfRequest, SrfResponse } from '../../../sip-edge/drachtio/srf.ts';
import { EdgeLease } from '../../../sip-edge/health/edge-lease.ts';
import { Outbox } from '../../../sip-edge/outbox/outbox.ts';
import type { Delivery } from '../../../sip-edge/outbox/sender.ts';
import type { AlarmClock, Log } from '../../../sip-edge/ports.ts';
import { Registrar } from '../../../sip-edge/registrar/registrar.ts';
import { readSettings } from '../../../sip-edge/settings.ts';
import { LogByAddress } from '../../../sip-edge/telemetry/log-by-address.ts';
import { never } from '../aws/faulty-table.ts';
import { type Invoker, lambdaClient } from '../aws/lambda-client.ts';
import type { EdgeMutation } from '../edge-mutations.ts';
import type { Sim } from '../sim.ts';
import { Client } from '../sip/client.ts';
import type { SipServer } from '../sip/server.ts';
import type { Disk } from './disk.ts';

export interface ApplicationParts {
  readonly edgeId: string;
  readonly sim: Sim;
  readonly disk: Disk;
  readonly invoker: Invoker;
  readonly deliver: Delivery;
  readonly mutation: EdgeMutation;
  /** An INVITE is taken in. */
  onInvite(request: SrfRequest): void;
  /** It was told its calls. */
  onRenewed(): void;
  /** Something that it logs as an error of its own. */
  onDefect(what: string): void;
}

/** What the edge logs where its own code has thrown. */
const defects = ['call handling failed', 'a call could not be probed', 'taking over calls'];

/** The edge's own code in one life of its process: the calls, the registrar, the lease, the commands, the facts. */
export class Application {
  readonly #parts: ApplicationParts;
  readonly #client: Client;
  readonly #lease: EdgeLease;
  readonly #calls: CallHandler;
  #isDead = false;

  constructor(parts: ApplicationParts) {
    this.#parts = parts;
    const { edgeId, sim, disk, mutation } = parts;
    const settings = readSettings({ ...environment, EDGE_ID: edgeId });
    const { random } = sim;
    const deliver = mutation.changeDelivery?.(parts.deliver) ?? parts.deliver;
    const clock: AlarmClock = { now: () => sim.nowMs, after: (ms, run) => this.#after(ms, run) };
    const log = this.#log();
    this.#client = new Client(sim, mutation);
    const { srf } = this.#client;
    const outbox = new Outbox({
      openStore: (onLeftOver) => disk.openFacts(onLeftOver),
      maxBytes: settings.outboxMaxBytes,
      deliver: (batch) => this.#whileAlive(deliver(batch)),
      ...{ edgeId, clock, log, random },
    });
    const facts = mutation.changeFacts?.(outbox) ?? outbox;
    const lambda = lambdaClient(parts.invoker, (answer) => this.#whileAlive(answer));
    const flow = new Flow(clock, log);
    const plain = new LambdaControlPlane(lambda, settings, { flow, clock, random });
    const controlPlane = mutation.changeControlPlane?.(plain) ?? plain;
    this.#calls = new CallHandler({
      ...{ srf, controlPlane, facts, settings, log, clock, random },
      gatewayContact: { headersFor: () => ({}) },
      connections: { forget: async () => {} },
      messages: new SipMessages(clock),
      journal: mutation.changeJournal?.(disk.journal) ?? disk.journal,
    });
    this.#lease = new EdgeLease({
      controlPlane: {
        renewEdge: async () => {
          const answer = await controlPlane.renewEdge();
          parts.onRenewed();
          return answer;
        },
      },
      ...{ settings, clock, log },
      countCalls: () => this.#calls.activeCalls,
      onHangup: (hangup) => this.#calls.onHangup(hangup),
    });
    const registrar = new Registrar({
      ...{ settings, controlPlane, facts, clock, log },
      hasEndpoints: false,
      authenticator: { authenticate: async () => ({ result: 'granted' }) } as never,
      admission: { exempt: () => {} },
      refusals: new LogByAddress(log, clock, settings.trackedAddresses),
      onGatewayLost: (loss) => this.#calls.onGatewayLost(loss),
      onMatched: (call) => this.#calls.onMatched(call),
    });
    this.#client.serve('REGISTER', (request, response) => void registrar.handle(request, response));
    const halfOpen = new HalfOpenCalls(settings, () => false);
    this.#client.serve('INVITE', (request, response) => this.#invite(halfOpen, request, response));
    this.#client.serve('BYE', (request, response) => {
      if (!this.#calls.endEarly(request, response)) refuse(request, response, 'no-such-dialog');
    });
    // Node keeps an AbortSignal that is listened to until it is aborted, and all of the day with it.
    sim.atEnd(() => {
      this.kill();
      this.#calls.close();
    });
  }

  get activeCalls(): number {
    return this.#calls.activeCalls;
  }

  /** As sip-edge/app.ts does it. */
  connectTo(server: SipServer): void {
    if (this.#isDead) return;
    this.#client.connectTo(server);
    this.#lease.start();
    this.#calls.takeOver().catch((error: unknown) => this.#parts.onDefect(`taking over calls: ${error}`));
  }

  /** It notices, and waits for another. */
  loseConnection(): void {
    if (this.#isDead) return;
    this.#client.disconnect(true);
    this.#lease.stop();
  }

  /** Nothing of it ever runs again. */
  kill(): void {
    this.#isDead = true;
    this.#client.disconnect(false);
  }

  #invite(halfOpen: HalfOpenCalls, request: SrfRequest, response: SrfResponse): void {
    const open = halfOpen.open(request.source_address);
    if (open === undefined) return void refuse(request, response, 'half-open');
    this.#parts.onInvite(request);
    void this.#calls.invite(request, response, open);
  }

  #after(ms: number, run: () => void): () => void {
    return this.#parts.sim.after(ms, () => {
      if (!this.#isDead) run();
    });
  }

  async #whileAlive<T>(answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      return this.#isDead ? never() : value;
    } catch (error) {
      if (this.#isDead) return never();
      throw error;
    }
  }

  #log(): Log {
    const nothing = () => {};
    const error: Log['error'] = (fields, message) => {
      if (defects.includes(message)) this.#parts.onDefect(`${message}: ${String(fields.error)}`);
    };
    return { debug: nothing, info: nothing, warn: nothing, error };
  }
}

const environment = {
  SIP_DOMAIN: 'example.test',
  REGISTER_FUNCTION: 'register',
  ALLOCATE_FUNCTION: 'allocate',
  CALLS_FUNCTION: 'calls',
  BUS_NAME: 'bus',
  SIP_SECRET_ARN: 'sip',
  DRACHTIO_SECRET: 'said at login',
};
