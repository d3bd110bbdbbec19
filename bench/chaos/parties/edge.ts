import type {
  EdgeCall,
  Hangup,
  RegisterAnswer,
  RegisterGateway,
  UnregisterGateway,
} from '../../../contracts/commands.ts';
import { listEdgeCalls } from '../../../lambdas/functions/calls/list-edge-calls.ts';
import { keepLease, renewEdge } from '../../../lambdas/functions/calls/renew-edge.ts';
import { registerGateway } from '../../../lambdas/functions/register/register-gateway.ts';
import { unregisterGateway } from '../../../lambdas/functions/register/unregister-gateway.ts';
import type { NewFact } from '../../../sip-edge/ports.ts';
import { traceIdOf } from '../../../sip-edge/telemetry/trace.ts';
import { type FunctionDeps, Unavailable } from '../aws/cloud.ts';
import { CallSetup } from './call-setup.ts';
import type { EdgeWorld } from './edge-world.ts';
import { say } from './outbox.ts';
import type { TrueCall } from './true-call.ts';

const leaseSec = 45;

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
  /** As the registrar's: an application that starts anew has seen none. */
  readonly #known = new Map<string, string>();
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
    const { username, registrationId } = command;
    const isKnown = this.#known.get(username) === registrationId;
    const whole = { ...command, edgeId: this.edgeId, isKnown };
    const answer = await this.#ask((deps) => registerGateway(whole, deps));
    if (answer === undefined) return false;
    this.#takeRegistered(command, answer);
    if (answer.result !== 'bindings') return false;
    this.#known.set(username, registrationId);
    return true;
  }

  async unregister(command: UnregisterGateway): Promise<void> {
    const answer = await this.#ask((deps) => unregisterGateway(command, deps));
    const { username, registrationId } = command;
    if (answer?.result === 'bindings') this.#say({ type: 'gateway.unregistered', username, registrationId });
  }

  /** An INVITE. Settles when it has its final answer. */
  async invite(callId: string, maxWaitMs: number): Promise<TrueCall> {
    const { sim } = this.#world;
    const traceId = traceIdOf(this.edgeId, callId, sim.nowMs);
    const call: TrueCall = { callId, traceId, edgeId: this.edgeId, receivedAt: sim.nowMs };
    this.held.set(traceId, call);
    sim.in(maxWaitMs, () => {
      if (call.answeredAt === undefined && call.endedAt === undefined) call.isCancelled = true;
    });
    const generation = this.#generation;
    await new CallSetup(call, {
      world: this.#world,
      isHeld: () => this.isAlive && generation === this.#generation && this.held.has(traceId),
      ask: (run) => this.#ask(run),
      say: this.#say,
      onAnswer: () => this.dialogs.set(traceId, call),
      onOver: () => this.held.delete(traceId),
    }).run();
    return call;
  }

  /** One side hangs up. */
  hangUp(call: TrueCall, by: 'caller' | 'gateway', outcome: 'answered' | 'gateway-lost' = 'answered'): void {
    if (call.endedAt !== undefined || !this.isAlive) return;
    call.endedAt = this.#world.sim.nowMs;
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
    this.#generation = this.#world.sim.nowMs;
    this.#known.clear();
    void this.#takeOver(this.#generation);
    void this.#renew(this.#generation);
  }

  async #renew(generation: number): Promise<void> {
    const { sim } = this.#world;
    while (this.isAlive && generation === this.#generation) {
      const command = { command: 'renewEdge', ...this.#identity(generation) } as const;
      const answer = await this.#ask((deps) => renewEdge(command, deps));
      if (answer !== undefined) {
        this.renewedAt = sim.nowMs;
        for (const hangup of answer.hangups) this.#lose(hangup);
      }
      await sim.sleep(this.held.size > 0 ? 2000 : 15_000);
    }
  }

  async #takeOver(generation: number): Promise<void> {
    const { sim } = this.#world;
    const command = { command: 'listEdgeCalls', ...this.#identity(generation) } as const;
    const list = () =>
      this.#ask(async (deps) => {
        await keepLease(command, deps);
        return (await listEdgeCalls(command, deps)).calls;
      });
    const isCurrent = () => this.isAlive && generation === this.#generation;
    let calls = await list();
    while (calls === undefined && isCurrent()) {
      await sim.sleep(2000);
      calls = await list();
    }
    let unsure: EdgeCall[] = (calls ?? []).filter((one) => isCurrent() && !this.#adopt(one));
    for (let waitedMs = 0; unsure.length > 0 || waitedMs < 60_000; waitedMs += 5000) {
      await sim.sleep(5000);
      if (!isCurrent()) return;
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
    if (call?.answeredAt === undefined || call.gateway?.username !== gateway) return;
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

  readonly #say = (fact: NewFact) => say(fact, this, this.#world);
  #identity(generation: number) {
    return { edgeId: this.edgeId, generation: Math.round(generation), leaseSec };
  }
}
