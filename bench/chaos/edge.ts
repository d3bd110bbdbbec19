import { createHash, randomUUID } from 'node:crypto';
import type {
  AllocateAnswer,
  AllocateGateway,
  AttemptFailure,
  EdgeCall,
  Hangup,
  RegisterAnswer,
  RegisterGateway,
  UnregisterGateway,
} from '../../contracts/commands.ts';
import { type Fact, factSchema } from '../../contracts/facts.ts';
import type { Outcome } from '../../contracts/outcomes.ts';
import { allocateGateway } from '../../lambdas/functions/allocate/allocate-gateway.ts';
import { listEdgeCalls } from '../../lambdas/functions/calls/list-edge-calls.ts';
import { keepLease, renewEdge } from '../../lambdas/functions/calls/renew-edge.ts';
import { registerGateway } from '../../lambdas/functions/register/register-gateway.ts';
import { unregisterGateway } from '../../lambdas/functions/register/unregister-gateway.ts';
import { afterFailure, afterRefusal } from '../../sip-edge/call/setup/attempts.ts';
import type { NewFact } from '../../sip-edge/ports.ts';
import { type Cloud, type FunctionDeps, Unavailable } from './cloud.ts';
import type { Gateway } from './gateway.ts';
import type { Sim } from './sim.ts';

/** A call as the parties have it. */
export interface TrueCall {
  readonly callId: string;
  readonly traceId: string;
  readonly edgeId: string;
  readonly receivedAt: number;
  gateway?: Gateway | undefined;
  answeredAt?: number;
  endedAt?: number;
  /** What the caller was answered, where it was not 200. */
  refused?: Outcome;
  /** The caller has given up. */
  isCancelled?: boolean;
  /** It ended with the edge or its application, and not as either side wanted. */
  isBroken?: boolean;
}

export interface EdgeWorld {
  sim: Sim;
  cloud: Cloud;
  gatewayAt(username: string): Gateway | undefined;
  /** An INVITE goes out to a gateway. */
  offers(call: TrueCall, gateway: Gateway): void;
}

const leaseSec = 45;
const maxAttempts = 3;

/** A SIP edge: its server, which holds dialogs, and its application, which may die alone. What it says outlives that. */
export class Edge {
  readonly edgeId: string;
  /** Calls of the application, by trace id. */
  readonly held = new Map<string, TrueCall>();
  /** Dialogs of the server that the application may have forgotten. */
  readonly dialogs = new Map<string, TrueCall>();
  isAlive = true;
  isCutOff = false;
  renewedAt: number;
  readonly #world: EdgeWorld;
  #generation = 0;

  constructor(edgeId: string, world: EdgeWorld) {
    this.edgeId = edgeId;
    this.#world = world;
    this.renewedAt = world.sim.nowMs;
    this.#startApplication();
  }

  get isReachable(): boolean {
    return this.isAlive && !this.isCutOff && this.#generation > 0;
  }

  /** Its application is killed, and starts again in place. */
  killApplication(): void {
    if (!this.isAlive) return;
    this.#generation = -Math.abs(this.#generation);
    for (const call of this.held.values()) {
      if (call.answeredAt !== undefined) continue;
      // On a real drachtio the caller rings until it gives up, and nobody tells the gateway.
      call.isBroken = true;
      call.endedAt = this.#world.sim.nowMs;
      call.gateway?.leftAlone(call.traceId, false);
    }
    this.held.clear();
    this.#world.sim.in(this.#world.sim.between(1000, 6000), () => this.#startApplication());
  }

  /** Edge and SIP server are gone, and every dialog with them. */
  die(): void {
    this.isAlive = false;
    for (const call of new Set([...this.dialogs.values(), ...this.held.values()])) {
      call.isBroken = true;
      call.endedAt ??= this.#world.sim.nowMs;
      call.gateway?.leftAlone(call.traceId, call.answeredAt !== undefined);
    }
    this.held.clear();
    this.dialogs.clear();
  }

  async register(command: Omit<RegisterGateway, 'edgeId'>): Promise<boolean> {
    const answer = await this.#ask((deps) => registerGateway({ ...command, edgeId: this.edgeId }, deps));
    if (answer === undefined) return false;
    this.#takeRegistered(command, answer);
    return answer.result === 'bindings';
  }

  async unregister(command: UnregisterGateway): Promise<void> {
    const answer = await this.#ask((deps) => unregisterGateway(command, deps));
    const { username, registrationId } = command;
    if (answer?.result === 'bindings') this.#say({ type: 'gateway.unregistered', username, registrationId });
  }

  /** An INVITE. Settles when it has its final answer. */
  async invite(callId: string, maxWaitMs: number): Promise<TrueCall> {
    const { sim } = this.#world;
    const seed = `${this.edgeId} ${callId} ${sim.nowMs}`;
    const hash = createHash('sha256').update(seed).digest('hex').slice(0, 24);
    const traceId = `1-${Math.floor(sim.nowMs / 1000).toString(16)}-${hash}`;
    const call: TrueCall = { callId, traceId, edgeId: this.edgeId, receivedAt: sim.nowMs };
    this.held.set(traceId, call);
    sim.in(maxWaitMs, () => {
      if (call.answeredAt === undefined && call.endedAt === undefined) call.isCancelled = true;
    });
    await this.#setUp(call, this.#generation);
    return call;
  }

  /** One side hangs up. */
  hangUp(call: TrueCall, by: 'caller' | 'gateway', outcome: 'answered' | 'gateway-lost' = 'answered'): void {
    if (call.endedAt !== undefined || !this.isAlive) return;
    const { nowMs } = this.#world.sim;
    call.endedAt = nowMs;
    call.gateway?.over(call.traceId, true);
    // Without its application drachtio answers 481: the call is over all the same, and found so by the next one.
    if (!this.held.delete(call.traceId)) {
      call.isBroken = true;
      return;
    }
    this.dialogs.delete(call.traceId);
    const gateway = call.gateway?.username ?? '';
    const told = { callId: call.callId, traceId: call.traceId, gateway, by, outcome };
    this.#say({ type: 'call.ended', ...told, ...(call.answeredAt && { answeredAt: call.answeredAt }) });
  }

  #startApplication(): void {
    if (!this.isAlive) return;
    const { sim } = this.#world;
    this.#generation = sim.nowMs;
    void this.#takeOver(this.#generation);
    void this.#renew(this.#generation);
  }

  async #renew(generation: number): Promise<void> {
    const { sim, cloud } = this.#world;
    while (this.isAlive && generation === this.#generation) {
      const command = { command: 'renewEdge', ...this.#identity(generation) } as const;
      const answer = await this.#ask((deps) => renewEdge(command, cloud.leases, deps));
      if (answer !== undefined) {
        this.renewedAt = sim.nowMs;
        for (const hangup of answer.hangups) this.#lose(hangup);
      }
      await sim.sleep(this.held.size > 0 ? 2000 : 15_000);
    }
  }

  async #takeOver(generation: number): Promise<void> {
    const { sim, cloud } = this.#world;
    const command = { command: 'listEdgeCalls', ...this.#identity(generation) } as const;
    const list = () =>
      this.#ask(async (deps) => {
        await keepLease(command, cloud.leases, deps);
        return (await listEdgeCalls(command, deps)).calls;
      });
    let calls: Awaited<ReturnType<typeof list>>;
    while (calls === undefined) {
      if (!this.isAlive || generation !== this.#generation) return;
      calls = await list();
      if (calls === undefined) await sim.sleep(2000);
    }
    let unsure: EdgeCall[] = calls.filter((one) => !this.#adopt(one));
    for (let waitedMs = 0; unsure.length > 0; waitedMs += 5000) {
      await sim.sleep(5000);
      if (!this.isAlive || generation !== this.#generation) return;
      unsure = ((await list()) ?? unsure).filter((one) => {
        if (this.#adopt(one)) return false;
        // A dialog of the caller tells that the fact of the answer is still on its way.
        if (this.dialogs.has(one.traceId ?? '') && waitedMs < 180_000) return true;
        this.#giveUp(one);
        return false;
      });
    }
  }

  /** @returns whether it is clear what has become of it */
  #adopt({ callId, traceId = '', gateway, state }: EdgeCall): boolean {
    if (this.held.has(traceId)) return true;
    if (state !== 'answered' || gateway === undefined) return false;
    const call = this.dialogs.get(traceId);
    if (call !== undefined && call.endedAt === undefined) {
      this.held.set(traceId, call);
      return true;
    }
    this.dialogs.delete(traceId);
    // One side is gone, or both are.
    const end =
      call === undefined
        ? ({ by: 'edge', outcome: 'edge-lost' } as const)
        : ({ by: 'caller', outcome: 'answered' } as const);
    this.#say({ type: 'call.ended', callId, traceId, gateway, ...end });
    return true;
  }

  /** The caller's dialog is ended, if there is one. */
  #giveUp({ callId, traceId = '', gateway }: EdgeCall): void {
    const call = this.dialogs.get(traceId);
    this.dialogs.delete(traceId);
    if (call !== undefined && call.endedAt === undefined) {
      call.isBroken = true;
      call.endedAt = this.#world.sim.nowMs;
      call.gateway?.leftAlone(traceId, true);
    }
    const told = { callId, traceId, ...(gateway && { gateway }), failed: [] };
    this.#say({ type: 'call.failed', ...told, outcome: 'edge-lost', detail: 'restart in set-up' });
  }

  async #setUp(call: TrueCall, generation: number): Promise<void> {
    const { sim, offers, gatewayAt, cloud } = this.#world;
    const failed: AttemptFailure[] = [];
    const isOurs = () => this.isAlive && generation === this.#generation && this.held.has(call.traceId);
    for (;;) {
      const answer = await this.#askForGateway(call, failed);
      if (!isOurs()) return;
      const granted = answer.result === 'granted' ? answer.username : undefined;
      if (call.isCancelled) return this.#cancelled(call, granted, false);
      if (answer.result !== 'granted') {
        const outcome = answer.result === 'refused' ? answer.outcome : 'start-timeout';
        return this.#refused(call, afterRefusal(failed, outcome), failed, undefined);
      }
      const { username, contact } = answer;
      const { callId, traceId } = call;
      const { caller, room } = this.#about();
      const offer = { callId, traceId, room, caller, gateway: username, attempt: failed.length + 1 };
      this.#say({ type: 'call.offered', ...offer });
      const gateway = gatewayAt(username);
      if (gateway !== undefined) offers(call, gateway);
      call.gateway = gateway;
      const taken = gateway ? await gateway.offer(traceId, contact, cloud.weather.gatewayRefuses) : undefined;
      if (gateway === undefined) await sim.sleep(2000);
      if (!isOurs()) return;
      if (call.isCancelled) {
        gateway?.over(traceId, taken?.result === 'answered');
        return this.#cancelled(call, username, taken?.result === 'answered');
      }
      if (taken?.result === 'answered') {
        call.answeredAt = sim.nowMs;
        this.dialogs.set(traceId, call);
        const dialogs = { callerDialogId: `${callId};from-tag=a`, gatewayDialogId: `${callId};from-tag=b` };
        this.#say({
          type: 'call.answered',
          callId,
          traceId,
          gateway: username,
          receivedAt: call.receivedAt,
          ...dialogs,
        });
        return;
      }
      gateway?.over(traceId, false);
      call.gateway = undefined;
      const status = taken?.result === 'rejected' ? { status: taken.status } : {};
      failed.push({ username, cause: taken?.result === 'rejected' ? 'rejected' : 'silent', ...status });
      const next = afterFailure(failed, maxAttempts);
      if (next.step === 'give-up') return this.#refused(call, next.outcome, failed, username);
    }
  }

  async #askForGateway(call: TrueCall, failed: readonly AttemptFailure[]): Promise<AllocateAnswer> {
    const { sim } = this.#world;
    const { callId, traceId } = call;
    const { caller, room } = this.#about();
    const startedAt = sim.nowMs;
    let waiting: AllocateAnswer | undefined;
    for (;;) {
      const command: AllocateGateway = {
        command: 'allocateGateway',
        callId,
        traceId,
        edgeId: this.edgeId,
        room,
        caller,
        attempt: failed.length + 1,
        failed: [...failed],
        callerDialogId: `${callId};from-tag=a`,
      };
      const none = waiting ?? ({ result: 'refused', outcome: 'control-plane-unavailable' } as const);
      const answer = (await this.#ask((deps) => allocateGateway(command, deps))) ?? none;
      if (answer.result !== 'waiting' || call.isCancelled) return answer;
      if (waiting === undefined) {
        const wait = { callId, traceId, room, cause: answer.cause, ahead: answer.ahead, waitedSec: 0 };
        this.#say({ type: 'call.waiting', ...wait });
      }
      waiting = answer;
      if (sim.nowMs - startedAt > 90_000) return { result: 'refused', outcome: 'start-timeout' };
      await sim.sleep(sim.between(750, 1000));
      if (!this.held.has(traceId)) return answer;
    }
  }

  #refused(call: TrueCall, outcome: Outcome, failed: AttemptFailure[], gateway: string | undefined): void {
    call.refused = outcome;
    this.#over(call);
    const { callId, traceId } = call;
    this.#say({ type: 'call.failed', callId, traceId, outcome, failed, ...(gateway && { gateway }) });
  }

  #cancelled(call: TrueCall, gateway: string | undefined, gatewayAnswered: boolean): void {
    this.#over(call);
    const { callId, traceId } = call;
    this.#say({ type: 'call.cancelled', callId, traceId, ...(gateway && { gateway }), gatewayAnswered });
  }

  #over(call: TrueCall): void {
    call.endedAt = this.#world.sim.nowMs;
    this.held.delete(call.traceId);
  }

  #takeRegistered(command: Omit<RegisterGateway, 'edgeId'>, answer: RegisterAnswer): void {
    if (answer.result !== 'bindings') return;
    const { username, registrationId, received, contacts } = command;
    if (answer.fresh) {
      this.#say({
        type: 'gateway.registered',
        username,
        registrationId,
        received,
        contact: contacts[0]?.uri ?? '',
      });
    }
    if (answer.lostCallId === undefined) return;
    const call = { callId: answer.lostCallId, traceId: answer.lostTraceId };
    this.#say({ type: 'gateway.lost', ...call, username, cause: 'registered anew' });
    this.#lose({ ...call, gateway: username });
  }

  #lose({ traceId = '', gateway }: Hangup): void {
    const call = this.held.get(traceId);
    if (call?.answeredAt !== undefined && call.gateway?.username === gateway)
      this.hangUp(call, 'gateway', 'gateway-lost');
  }

  /** @returns undefined where there was no usable answer */
  async #ask<T>(run: (deps: FunctionDeps) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#command(run);
    } catch (error) {
      if (error instanceof Unavailable) return undefined;
      throw error;
    }
  }

  async #command<T>(run: (deps: FunctionDeps) => Promise<T>): Promise<T> {
    const { sim, cloud } = this.#world;
    if (this.isCutOff || !this.isAlive) {
      await sim.sleep(5000);
      throw new Unavailable('cut off');
    }
    return cloud.command(run);
  }

  /** What is said is kept on disk: it goes out when the edge is not cut off. An edge that dies takes it with it. */
  #say(said: NewFact): void {
    const { sim, cloud } = this.#world;
    const envelope = { version: 1, id: randomUUID(), at: Math.round(sim.nowMs), edgeId: this.edgeId };
    const fact: Fact = factSchema.parse({ ...envelope, ...said });
    const send = () => {
      if (!this.isAlive) return;
      if (this.isCutOff) sim.in(1000, send);
      else cloud.publish(fact);
    };
    send();
  }

  #identity(generation: number) {
    return { edgeId: this.edgeId, generation: Math.round(generation), leaseSec };
  }

  #about() {
    const received = { address: '192.0.2.1', port: 5060, protocol: 'udp' } as const;
    return { room: '1234', caller: { uri: 'sip:room@example.org', received } };
  }
}
