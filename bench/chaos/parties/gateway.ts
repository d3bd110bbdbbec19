import type { RegisterGateway, UnregisterGateway } from '../../../contracts/commands.ts';
import type { Sim } from '../sim.ts';

/** What a gateway needs of an edge. */
export interface Registrar {
  readonly isReachable: boolean;
  /** @returns whether it was answered with 200 */
  register(command: Omit<RegisterGateway, 'edgeId'>): Promise<boolean>;
  unregister(command: UnregisterGateway): Promise<void>;
}

/** How a gateway takes an INVITE. */
export type OfferAnswer =
  | { result: 'answered' }
  | { result: 'rejected'; status: number }
  | { result: 'silent' };

const refreshMs = 50_000;
/** A gateway whose caller is gone without a word notices by its session timer, and ends. */
const noticesAfterMs = 90_000;

/** The process of a gateway in a task, as SIPMediaGW behaves: one call, and then it leaves. */
export class Gateway {
  readonly taskId: string;
  readonly username: string;
  /** The trace id of the call that rings or talks here. */
  inCall: string | undefined;
  isGone = false;
  readonly #sim: Sim;
  readonly #edges: () => readonly Registrar[];
  readonly #exit: (taskId: string) => void;
  #life = 0;
  #cseq = 0;
  #edge: Registrar | undefined;

  constructor(taskId: string, sim: Sim, edges: () => readonly Registrar[], exit: (taskId: string) => void) {
    this.taskId = taskId;
    this.username = `${taskId}.mediagw.1`;
    this.#sim = sim;
    this.#edges = edges;
    this.#exit = exit;
    this.startAnew();
  }

  get contact(): string {
    return `sip:${this.username}@10.0.0.7:${5000 + this.#life}`;
  }

  /** The process starts, or starts again in its container: what it had is lost without a word. */
  startAnew(): void {
    this.#life += 1;
    this.#cseq = 0;
    this.inCall = undefined;
    this.#edge = undefined;
    void this.#keepRegistered(this.#life);
  }

  /** An INVITE. @param contact where it was sent: an old address reaches nobody */
  async offer(traceId: string, contact: string, refuses: number): Promise<OfferAnswer> {
    const sim = this.#sim;
    await sim.sleep(sim.between(5, 50));
    if (this.isGone || contact !== this.contact) return this.#silent();
    if (this.inCall !== undefined) return { result: 'rejected', status: 486 };
    if (sim.chance(refuses)) {
      return sim.chance(0.7)
        ? { result: 'rejected', status: sim.pick([480, 486, 500, 603]) }
        : this.#silent();
    }
    this.inCall = traceId;
    await sim.sleep(sim.between(300, 4000));
    if (this.isGone || contact !== this.contact || this.inCall !== traceId) return this.#silent();
    return { result: 'answered' };
  }

  /** BYE or CANCEL. A single-use gateway leaves after its call. */
  over(traceId: string, wasAnswered: boolean): void {
    if (this.inCall !== traceId) return;
    this.inCall = undefined;
    if (wasAnswered && !this.isGone) void this.#leave();
  }

  /** The other side is gone without a word. */
  leftAlone(traceId: string, wasAnswered: boolean): void {
    this.#sim.in(noticesAfterMs, () => this.over(traceId, wasAnswered));
  }

  /** SIGTERM: it says goodbye. */
  terminate(): void {
    if (this.isGone) return;
    this.isGone = true;
    void this.#unregister();
  }

  async #silent(): Promise<OfferAnswer> {
    await this.#sim.sleep(2000);
    return { result: 'silent' };
  }

  async #leave(): Promise<void> {
    this.isGone = true;
    await this.#unregister();
    await this.#sim.sleep(1000);
    this.#exit(this.taskId);
  }

  async #keepRegistered(life: number): Promise<void> {
    while (!this.isGone && life === this.#life) {
      // It stays with its edge while that answers.
      const edge = this.#edge?.isReachable
        ? this.#edge
        : this.#sim.pick(this.#edges().filter((one) => one.isReachable));
      this.#edge = edge;
      this.#cseq += 1;
      const isDone = edge !== undefined && (await edge.register(this.#registration()));
      await this.#sim.sleep(isDone ? refreshMs : this.#sim.between(2000, 6000));
    }
  }

  #registration(): Omit<RegisterGateway, 'edgeId'> {
    return {
      command: 'registerGateway',
      username: this.username,
      registrationId: `${this.taskId}-${this.#life}`,
      cseq: this.#cseq,
      contacts: [{ uri: this.contact, expiresSec: 120 }],
      received: { address: '10.0.0.7', port: 5000 + this.#life, protocol: 'udp' },
    };
  }

  async #unregister(): Promise<void> {
    if (!this.#edge?.isReachable) return;
    const { username, registrationId, cseq, received } = this.#registration();
    const command: UnregisterGateway = {
      command: 'unregisterGateway',
      username,
      registrationId,
      cseq: cseq + 1,
      contacts: '*',
      received,
    };
    await this.#edge.unregister(command);
  }
}
