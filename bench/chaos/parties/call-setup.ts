import type { AllocateAnswer, AllocateGateway, AttemptFailure } from '../../../contracts/commands.ts';
import type { Outcome } from '../../../contracts/outcomes.ts';
import { allocateGateway } from '../../../lambdas/functions/allocate/allocate-gateway.ts';
import { afterFailure, afterRefusal } from '../../../sip-edge/call/setup/attempts.ts';
import type { NewFact } from '../../../sip-edge/ports.ts';
import type { FunctionDeps } from '../aws/cloud.ts';
import type { EdgeWorld } from './edge-world.ts';
import type { TrueCall } from './true-call.ts';

/** What the set-up of a call needs of its edge. */
export interface CallSetupParts {
  readonly world: EdgeWorld;
  /** Whether the application that began it still has it. */
  isHeld(call: TrueCall): boolean;
  /** @returns undefined where there was no usable answer */
  ask<T>(run: (deps: FunctionDeps) => Promise<T>): Promise<T | undefined>;
  say(fact: NewFact): void;
  onAnswer(call: TrueCall): void;
  onOver(call: TrueCall): void;
}

const maxAttempts = 3;
const about = {
  room: '1234',
  caller: { uri: 'sip:room@example.org', received: { address: '192.0.2.1', port: 5060, protocol: 'udp' } },
} as const;

/** A call from its INVITE to its final answer, as sip-edge/call/setup has it. */
export class CallSetup {
  readonly #call: TrueCall;
  readonly #parts: CallSetupParts;

  constructor(call: TrueCall, parts: CallSetupParts) {
    this.#call = call;
    this.#parts = parts;
  }

  /** Until it has its final answer. */
  async run(): Promise<void> {
    const call = this.#call;
    const { sim, offers, gatewayAt, cloud } = this.#parts.world;
    const failed: AttemptFailure[] = [];
    const isOurs = () => this.#parts.isHeld(call);
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
      const { caller, room } = about;
      const offer = { callId, traceId, room, caller, gateway: username, attempt: failed.length + 1 };
      this.#parts.say({ type: 'call.offered', ...offer });
      const gateway = gatewayAt(username);
      // What was sent to the address of a process that is gone reaches nobody.
      if (gateway?.contact === contact) offers(call, gateway);
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
        this.#parts.onAnswer(call);
        const dialogs = { callerDialogId: `${callId};from-tag=a`, gatewayDialogId: `${callId};from-tag=b` };
        this.#parts.say({
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
    const { sim } = this.#parts.world;
    const { callId, traceId } = call;
    const { caller, room } = about;
    const startedAt = sim.nowMs;
    let waiting: AllocateAnswer | undefined;
    for (;;) {
      const command: AllocateGateway = {
        command: 'allocateGateway',
        callId,
        ...(this.#parts.world.saysTraceId && { traceId }),
        edgeId: call.edgeId,
        room,
        caller,
        attempt: failed.length + 1,
        failed: [...failed],
        callerDialogId: `${callId};from-tag=a`,
      };
      const none = waiting ?? ({ result: 'refused', outcome: 'control-plane-unavailable' } as const);
      const answer = (await this.#parts.ask((deps) => allocateGateway(command, deps))) ?? none;
      if (answer.result !== 'waiting' || call.isCancelled) return answer;
      if (waiting === undefined) {
        const wait = { callId, traceId, room, cause: answer.cause, ahead: answer.ahead, waitedSec: 0 };
        this.#parts.say({ type: 'call.waiting', ...wait });
      }
      waiting = answer;
      if (sim.nowMs - startedAt > 90_000) return { result: 'refused', outcome: 'start-timeout' };
      await sim.sleep(sim.between(750, 1000));
      if (!this.#parts.isHeld(call)) return answer;
    }
  }

  #refused(call: TrueCall, outcome: Outcome, failed: AttemptFailure[], gateway: string | undefined): void {
    call.refused = outcome;
    this.#over(call);
    const { callId, traceId } = call;
    this.#parts.say({ type: 'call.failed', callId, traceId, outcome, failed, ...(gateway && { gateway }) });
  }

  #cancelled(call: TrueCall, gateway: string | undefined, gatewayAnswered: boolean): void {
    this.#over(call);
    const { callId, traceId } = call;
    this.#parts.say({
      type: 'call.cancelled',
      callId,
      traceId,
      ...(gateway && { gateway }),
      gatewayAnswered,
    });
  }

  #over(call: TrueCall): void {
    call.endedAt = this.#parts.world.sim.nowMs;
    this.#parts.onOver(call);
  }
}
