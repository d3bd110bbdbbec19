import type { AllocateAnswer, AllocateGateway } from '../../../contracts/commands.ts';
import { ControlPlaneUnavailable } from '../../ports.ts';
import type { CallParts, InvitedCall, SetupFailure, Shed } from '../call.ts';
import type { CallerLeg } from '../leg/caller-leg.ts';
import { afterRefusal } from './attempts.ts';
import type { Ringback } from './ringback.ts';

/** A gateway that the control plane has locked for the call, and where to reach it. */
export type Grant = Extract<AllocateAnswer, { result: 'granted' }>;
type Waiting = Extract<AllocateAnswer, { result: 'waiting' }>;

/** The functions end the wait as well, but may not be there to. */
function timedOut({ cause, estimateSec }: Waiting): SetupFailure {
  const retryAfterSec = estimateSec === undefined ? undefined : Math.max(1, Math.ceil(estimateSec));
  return { result: 'refused', outcome: 'start-timeout', cause, retryAfterSec };
}

/** It waited, and others of its source, or strangers, have taken gateways meanwhile: the next who waits gets this one. */
const notNow: SetupFailure = {
  result: 'refused',
  outcome: 'pool-exhausted',
  cause: 'none-free',
  detail: 'too many calls without an ACK',
};

/** The pool is told of a waiting call again after so long, and then after twice as long each time. */
const sayAgainMs = 5000;

/**
 * Asks the control plane for a gateway, again and again while the call waits for one. The caller hears its place
 * meanwhile, and may give up at any moment.
 */
export class GatewayRequest {
  readonly #parts: CallParts;
  readonly #call: InvitedCall;
  readonly #caller: CallerLeg;
  readonly #ringback: Ringback;
  /** A gateway is locked for the call, so that the next command is answered with it. */
  #isMatched = false;
  /** Ends the pause between two commands. */
  #wake: () => void = () => {};

  constructor(parts: CallParts, call: InvitedCall, caller: CallerLeg, ringback: Ringback) {
    this.#parts = parts;
    this.#call = call;
    this.#caller = caller;
    this.#ringback = ringback;
  }

  /** A gateway is locked for this call, which waits: it asks at once. */
  onMatched(): void {
    this.#isMatched = true;
    this.#wake();
  }

  /**
   * Asks until a gateway is granted or refused, or the wait for one has lasted too long.
   * @returns a gateway for the next attempt of the call, or why there is none
   */
  async ask(): Promise<Grant | SetupFailure | Shed> {
    const { clock, settings } = this.#parts;
    let waiting: Waiting | undefined;
    let sinceMs: number | undefined;
    let sayAt = 0;
    for (;;) {
      // What was said of a match before this command is in its answer.
      this.#isMatched = false;
      const answer = await this.#allocate(waiting);
      if (answer.result === 'granted') this.#call.gateway = answer.username;
      if (this.#caller.goneWhy) return this.#caller.abandonment(false);
      if (answer.result === 'granted' && this.#call.halfOpen?.resume() === false) return notNow;
      if (answer.result === 'granted' || answer.result === 'shed') return answer;
      if (answer.result === 'refused') {
        const { cause, detail, retryAfterSec } = answer;
        const outcome = afterRefusal(this.#call.failed, answer.outcome);
        return { result: 'refused', outcome, cause, detail, retryAfterSec };
      }
      this.#call.halfOpen?.pause();
      const nowMs = clock.now();
      sinceMs ??= nowMs;
      if (nowMs >= sayAt) {
        this.#sayWaiting(answer, nowMs - sinceMs);
        sayAt = nowMs + Math.max(sayAgainMs, nowMs - sinceMs);
      }
      waiting = answer;
      const leftMs = sinceMs + settings.waitLimitSec * 1000 - nowMs;
      if (leftMs <= 0) return timedOut(answer);
      this.#ringback.waits(answer.ahead);
      await this.#pause(Math.min(this.#spread(answer.askAgainSec * 1000), leftMs));
      if (this.#caller.goneWhy) return this.#caller.abandonment(false);
    }
  }

  #sayWaiting({ cause, ahead }: Waiting, waitedMs: number): void {
    const { facts, log } = this.#parts;
    const { callId, traceId, room } = this.#call;
    const waitedSec = Math.floor(waitedMs / 1000);
    facts.publish({ type: 'call.waiting', callId, traceId, room, cause, ahead, waitedSec });
    log.debug({ callId, traceId, room, cause, ahead, waitedSec }, 'call waits for a gateway');
  }

  /** @param waiting the last answer, while the call waits: it goes on waiting where the next answer is lost */
  async #allocate(waiting: Waiting | undefined): Promise<AllocateAnswer | Shed> {
    const { callId, traceId, room, caller, from, target, failed } = this.#call;
    const callerDialogId = this.#caller.dialogId(from.tag);
    const attempt = failed.length + 1;
    const isAdmitted = waiting !== undefined || attempt > 1;
    const command: AllocateGateway = {
      command: 'allocateGateway',
      callId,
      traceId,
      edgeId: this.#parts.settings.edgeId,
      room,
      caller,
      attempt,
      failed,
      ...(target.kind === 'gateway' && { gateway: target.gateway }),
      ...(callerDialogId && { callerDialogId }),
    };
    try {
      const isGone = () => this.#caller.goneWhy !== undefined;
      return await this.#parts.controlPlane.allocate(command, { isAdmitted, isGone });
    } catch (error) {
      if (!(error instanceof ControlPlaneUnavailable)) throw error;
      if (error.why === 'abandoned' || (error.why === 'overloaded' && !isAdmitted)) return { result: 'shed' };
      const fields = { callId, traceId, attempt, why: error.why, error: error.message };
      this.#parts.log.error(fields, 'no answer to allocateGateway');
      return waiting ?? { result: 'refused', outcome: 'control-plane-unavailable' };
    }
  }

  /** A little less, so that those that came together do not ask together. */
  #spread(ms: number): number {
    return ms * (0.75 + this.#parts.random() / 4);
  }

  /** Lasts until the time is over, a gateway is there, or the caller is gone. */
  async #pause(ms: number): Promise<void> {
    if (this.#isMatched) return;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const stopTimer = this.#parts.clock.after(ms, resolve);
    this.#wake = resolve;
    await Promise.race([over, this.#caller.gone]);
    stopTimer();
  }
}
