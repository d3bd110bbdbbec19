import type { Sim } from '../sim.ts';
import type { Answer, Network, SipRequest, UserAgent } from '../sip/network.ts';
import type { SipServer } from '../sip/server.ts';
import { type Registrar, Registration } from './registration.ts';

/** A gateway whose caller is gone without a word notices by its session timer, and ends. */
const noticesAfterMs = 90_000;
/** 64 T1: so long it waits for the ACK (RFC 3261 13.3.1.4). */
const ackPatienceMs = 32_000;

/** The call that rings or talks at a gateway. */
export interface GatewayCall {
  /** Of its own dialog. */
  readonly leg: string;
  /** Of the caller's. */
  readonly callerLeg: string;
  readonly since: number;
  readonly answer: Answer;
  answeredAt?: number;
  isAcknowledged?: boolean;
}

export interface GatewayWorld {
  readonly sim: Sim;
  readonly network: Network;
  edges(): readonly Registrar[];
  /** The SIP server of a caller's call. */
  serverOf(callerLeg: string): SipServer | undefined;
  /** How many of the INVITEs it does not take. */
  refuses(): number;
  /** An INVITE has come. */
  onOffer(gateway: Gateway, callerLeg: string): void;
  /** It answers. */
  onPickUp(callerLeg: string): void;
  /** The call that it is in is lost without a word. */
  onLoss(callerLeg: string): void;
  exit(taskId: string): void;
}

/** The process of a gateway in a task, as SIPMediaGW behaves: one call, and then it leaves. */
export class Gateway implements UserAgent {
  readonly taskId: string;
  readonly username: string;
  inCall: GatewayCall | undefined;
  isGone = false;
  readonly #host: string;
  readonly #world: GatewayWorld;
  #life = 0;
  #isSilent = false;
  #registration: Registration;

  /** @param host its address */
  constructor(taskId: string, host: string, world: GatewayWorld) {
    this.taskId = taskId;
    this.username = `${taskId}.mediagw.1`;
    this.#host = host;
    this.#world = world;
    this.#registration = this.#start();
  }

  /** Another port in each life, so that what is sent to one of before reaches nobody. */
  get at(): string {
    return `${this.#host}:${5000 + this.#life}`;
  }

  /** The process starts again in its container: what it had is lost without a word. */
  startAnew(): void {
    this.#vanish();
    this.#registration = this.#start();
  }

  /** Its task ends, and nobody hears of it but by ECS. */
  die(): void {
    this.#vanish();
    this.isGone = true;
    this.#world.exit(this.taskId);
  }

  #vanish(): void {
    this.#world.network.leave(this.at);
    this.#registration.forget();
    // One that only rang for it is followed by the next.
    if (this.inCall?.answeredAt !== undefined) this.#world.onLoss(this.inCall.callerLeg);
    this.inCall = undefined;
  }

  take(request: SipRequest, answer: Answer): void {
    const { method, leg } = request;
    const call = this.inCall?.leg === leg ? this.inCall : undefined;
    if (method === 'INVITE') this.#onInvite(request, answer);
    else if (method === 'ACK') {
      if (call) call.isAcknowledged = true;
    } else if (method === 'CANCEL') {
      if (call === undefined || call.answeredAt !== undefined) return;
      this.inCall = undefined;
      call.answer(487);
    } else if (method === 'BYE') {
      answer(call ? 200 : 481);
      if (call) this.#over(call);
    } else if (leg === '') {
      if (!this.#isSilent) answer(200);
    } else answer(call?.answeredAt === undefined ? 481 : 200);
  }

  /** It hangs up. */
  hangUp(): void {
    const call = this.inCall;
    if (call?.answeredAt === undefined) return;
    const { network } = this.#world;
    const server = this.#world.serverOf(call.callerLeg);
    const bye = { method: 'BYE', leg: call.leg, headers: {} };
    network.carry(`${call.leg}<`, () => server?.takeWithin(this, bye, () => {}));
    this.#over(call);
  }

  leftAlone(leg: string): void {
    this.#world.sim.in(noticesAfterMs, () => {
      if (this.inCall?.leg === leg) this.#over(this.inCall);
    });
  }

  /** SIGTERM: it says goodbye. */
  terminate(): void {
    this.hangUp();
    if (!this.isGone) void this.#leave();
  }

  #start(): Registration {
    this.#life += 1;
    const { network, sim, edges } = this.#world;
    network.join(this);
    const { taskId, username } = this;
    return new Registration({ id: `${taskId}-${this.#life}`, username, agent: this, sim, network, edges });
  }

  #onInvite({ leg, headers }: SipRequest, answer: Answer): void {
    const { sim, refuses } = this.#world;
    const callerLeg = headers['x-leg'] ?? '';
    this.#world.onOffer(this, callerLeg);
    this.#isSilent = false;
    if (this.inCall !== undefined) answer(486);
    else if (!sim.chance(refuses())) this.#ring(leg, callerLeg, answer);
    else if (sim.chance(0.7)) answer(sim.pick([480, 486, 500, 603]));
    else this.#isSilent = sim.chance(0.5);
  }

  #ring(leg: string, callerLeg: string, answer: Answer): void {
    const { sim } = this.#world;
    answer(100);
    const call: GatewayCall = { leg, callerLeg, since: sim.nowMs, answer };
    this.inCall = call;
    sim.in(sim.between(10, 300), () => this.inCall === call && answer(180));
    // Some take long: whoever dialled may give up meanwhile.
    const ringsMs = sim.chance(0.1) ? sim.between(4000, 40_000) : sim.between(300, 4000);
    sim.in(ringsMs, () => this.#pickUp(call));
  }

  #pickUp(call: GatewayCall): void {
    if (this.inCall !== call) return;
    call.answeredAt = this.#world.sim.nowMs;
    call.answer(200);
    this.#world.onPickUp(call.callerLeg);
    this.#world.sim.in(ackPatienceMs, () => {
      if (this.inCall === call && !call.isAcknowledged) this.hangUp();
    });
  }

  /** A single-use gateway leaves after its call. */
  #over({ answeredAt }: GatewayCall): void {
    this.inCall = undefined;
    if (answeredAt !== undefined && !this.isGone) void this.#leave();
  }

  async #leave(): Promise<void> {
    const { sim, network, exit } = this.#world;
    this.isGone = true;
    await this.#registration.end();
    await sim.sleep(1000);
    network.leave(this.at);
    this.inCall = undefined;
    exit(this.taskId);
  }
}
