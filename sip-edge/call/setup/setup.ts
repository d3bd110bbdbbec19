import type { AllocateAnswer } from '../../../contracts/commands.ts';
import type { Acknowledge, Headers, SrfResponse } from '../../drachtio/srf.ts';
import { ControlPlaneUnavailable } from '../../ports.ts';
import { passed } from '../bridge.ts';
import type { Call, CallParts, SetupFailure } from '../call.ts';
import type { CallerLeg } from '../leg/caller-leg.ts';
import { type AnsweredOffer, GatewayLeg, type OfferResult, routeTo } from '../leg/gateway-leg.ts';
import { nextMaxForwards, passHeaders } from '../leg/headers.ts';
import { type Leg, sendWhileConnected } from '../leg/leg.ts';
import { afterFailure, afterRefusal } from './attempts.ts';
import { type FromHeader, rewriteFrom } from './from-header.ts';
import { Ringback } from './ringback.ts';
import type { Target } from './room.ts';

type Granted = Extract<AllocateAnswer, { result: 'granted' }>;
type Waiting = Extract<AllocateAnswer, { result: 'waiting' }>;

/** The functions say so as well, but may not be there to. */
function timedOut({ cause, estimateSec }: Waiting): SetupFailure {
  const retryAfterSec = estimateSec === undefined ? undefined : Math.max(1, Math.ceil(estimateSec));
  return { result: 'refused', outcome: 'start-timeout', cause, retryAfterSec };
}

/** A little less, so that those that came together do not ask together. */
const spread = (ms: number) => ms * (0.75 + Math.random() / 4);

/** Both legs are up. */
export interface SetupSuccess {
  readonly result: 'answered';
  readonly caller: Leg;
  readonly gateway: Leg;
  /** Late offer: the gateway still waits for the ACK with the answer. */
  readonly lateAck: Acknowledge | undefined;
}

/** A call that knows where it wants to go. */
export type DialledCall = Call & Required<Pick<Call, 'room' | 'caller'>>;

/**
 * From the INVITE to the answer: a gateway is locked, offered the call, and where it does not take it the next,
 * until one answers or the outcome is clear. The caller may give up at any moment.
 */
export class CallSetup {
  readonly #parts: CallParts;
  readonly #call: DialledCall;
  readonly #caller: CallerLeg;
  readonly #from: FromHeader;
  readonly #target: Extract<Target, { kind: 'room' | 'gateway' }>;
  #gatewayLeg: GatewayLeg | undefined;
  /** A gateway is there, and the next ask will get it. */
  #isMatched = false;
  /** Ends the pause between two asks. */
  #wake: () => void = () => {};

  constructor(
    parts: CallParts,
    call: DialledCall,
    caller: CallerLeg,
    from: FromHeader,
    target: Extract<Target, { kind: 'room' | 'gateway' }>,
  ) {
    this.#parts = parts;
    this.#call = call;
    this.#caller = caller;
    this.#from = from;
    this.#target = target;
  }

  async run(): Promise<SetupSuccess | SetupFailure> {
    // Who asks for one gateway by name is not served by another.
    const maxAttempts = this.#target.kind === 'gateway' ? 1 : this.#parts.settings.maxAttempts;
    for (;;) {
      const lock = await this.#lockGateway();
      if (lock.result !== 'granted') return lock;
      const answer = await this.#offer(lock);
      if (answer.result === 'cancelled' || answer.result === 'refused') return answer;
      if (answer.result === 'answered') return this.#answer(answer);
      if (answer.result === 'rang-too-long') return { result: 'refused', outcome: 'no-answer' };

      const { cause, status } = answer;
      this.#call.failed.push({ username: lock.username, cause, ...(status && { status }) });
      const next = afterFailure(this.#call.failed, maxAttempts);
      if (next.step === 'give-up') return { result: 'refused', outcome: next.outcome };
    }
  }

  /** The gateway that is being offered the call has lost it. */
  onGatewayLost(): void {
    this.#gatewayLeg?.fail();
  }

  /** A gateway is locked for this call, which waits: it asks at once. */
  onMatched(): void {
    this.#isMatched = true;
    this.#wake();
  }

  async #lockGateway(): Promise<Granted | SetupFailure> {
    const ringback = new Ringback(this.#caller);
    try {
      return await this.#askForGateway(ringback);
    } finally {
      ringback.stop();
    }
  }

  /** Asks until a gateway is granted, refused, or the wait for one has lasted too long. */
  async #askForGateway(ringback: Ringback): Promise<Granted | SetupFailure> {
    const { clock, settings } = this.#parts;
    let giveUpAt: number | undefined;
    let waiting: Waiting | undefined;
    for (;;) {
      // Until it has been answered nothing is known of a match.
      this.#isMatched = false;
      const answer = await this.#allocate(waiting);
      if (answer.result === 'granted') this.#call.gateway = answer.username;
      if (this.#caller.goneWhy) return this.#abandoned(false);
      if (answer.result === 'granted') return answer;
      if (answer.result === 'refused') {
        const { cause, detail, retryAfterSec } = answer;
        const outcome = afterRefusal(this.#call.failed, answer.outcome);
        return { result: 'refused', outcome, cause, detail, retryAfterSec };
      }
      if (waiting === undefined) this.#sayWaiting(answer);
      waiting = answer;
      giveUpAt ??= clock.now() + settings.waitLimitSec * 1000;
      const leftMs = giveUpAt - clock.now();
      if (leftMs <= 0) return timedOut(answer);
      ringback.waits(answer.ahead);
      await this.#pause(Math.min(spread(answer.askAgainSec * 1000), leftMs));
      if (this.#caller.goneWhy) return this.#abandoned(false);
    }
  }

  #sayWaiting({ cause, ahead }: Waiting): void {
    const { facts, log } = this.#parts;
    const { callId, traceId, room } = this.#call;
    facts.publish({ type: 'call.waiting', callId, traceId, room, cause, ahead });
    log.debug({ callId, traceId, room, cause, ahead }, 'call waits for a gateway');
  }

  /** @param waiting what was answered last, while the call waits: it outlives an answer that is lost */
  async #allocate(waiting: Waiting | undefined): Promise<AllocateAnswer> {
    const { room, caller, callId, traceId, failed } = this.#call;
    const callerDialogId = this.#caller.dialogId(this.#from.tag);
    try {
      return await this.#parts.controlPlane.allocate({
        command: 'allocateGateway',
        callId,
        traceId,
        edgeId: this.#parts.settings.edgeId,
        room,
        caller,
        attempt: failed.length + 1,
        failed,
        ...(this.#target.kind === 'gateway' && { gateway: this.#target.gateway }),
        ...(callerDialogId && { callerDialogId }),
      });
    } catch (error) {
      if (!(error instanceof ControlPlaneUnavailable)) throw error;
      const fields = { callId, traceId, attempt: failed.length + 1, why: error.why, error: error.message };
      this.#parts.log.error(fields, 'no answer to allocateGateway');
      return waiting ?? { result: 'refused', outcome: 'control-plane-unavailable' };
    }
  }

  /** Sends the INVITE to the locked gateway and waits for what becomes of it. */
  async #offer(lock: Granted): Promise<OfferResult | SetupFailure> {
    const { srf, facts, settings } = this.#parts;
    const { callId, traceId, room, caller, failed } = this.#call;
    const { request } = this.#caller;
    const limits = {
      gatewayTimeoutMs: settings.gatewayTimeoutMs,
      ringLimitMs: settings.ringLimitSec * 1000,
    };
    const offer = {
      requestUri: lock.contact,
      route: lock.gatewayEdgeId === settings.edgeId ? routeTo(lock.received) : undefined,
      headers: this.#offerHeaders(),
      body: request.body,
    };
    const leg = new GatewayLeg(srf, offer, limits, (response) => this.#onProvisional(response));
    this.#gatewayLeg = leg;
    facts.publish({
      type: 'call.offered',
      callId,
      traceId,
      room,
      caller,
      gateway: lock.username,
      attempt: failed.length + 1,
    });
    const result = await Promise.race([leg.result, this.#caller.gone]);
    if (typeof result === 'object' && !this.#caller.goneWhy) return result;
    return this.#abandoned(await leg.giveUp(settings.gatewayTimeoutMs));
  }

  #offerHeaders(): Headers {
    const { headers } = this.#caller.request;
    return {
      ...passHeaders(headers),
      from: rewriteFrom(this.#from, this.#target.kind === 'room' ? this.#target.room : ''),
      to: headers.to as string,
      'max-forwards': nextMaxForwards(headers),
    };
  }

  #onProvisional(response: SrfResponse): void {
    this.#call.ringingAt ??= this.#parts.clock.now();
    // Others say nothing that a caller acts on, and drachtio-srf does not know all of them.
    this.#caller.ring(response.status === 183 ? 183 : 180, passed(response));
  }

  /** Passes the gateway's 200 on. */
  async #answer({ response, ack, leg: gateway }: AnsweredOffer): Promise<SetupSuccess | SetupFailure> {
    const lateOffer = !this.#caller.request.body;
    if (!lateOffer) sendWhileConnected(ack);
    const caller = await this.#caller.answer(passed(response));
    if (!caller) {
      if (lateOffer) sendWhileConnected(ack);
      void gateway.bye({ Reason: 'SIP;cause=487;text="caller gone"' });
      return this.#abandoned(true);
    }
    const { clock, facts } = this.#parts;
    const { callId, traceId, receivedAt, ringingAt } = this.#call;
    this.#call.answeredAt = clock.now();
    facts.publish({
      type: 'call.answered',
      callId,
      traceId,
      gateway: this.#call.gateway as string,
      receivedAt,
      ...(ringingAt !== undefined && { ringingAt }),
      callerDialogId: caller.id,
      gatewayDialogId: gateway.id,
    });
    return { result: 'answered', caller, gateway, lateAck: lateOffer ? ack : undefined };
  }

  /** Nobody waits for the answer any more. */
  #abandoned(gatewayAnswered: boolean): SetupFailure {
    return this.#caller.goneWhy === 'edge-lost'
      ? { result: 'refused', outcome: 'edge-lost', detail: 'connection to drachtio lost' }
      : { result: 'cancelled', gatewayAnswered };
  }

  /** Until the time is over, a gateway there, or the caller gone. */
  async #pause(ms: number): Promise<void> {
    if (this.#isMatched) return;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
      this.#wake = resolve;
    });
    await Promise.race([over, this.#caller.gone]);
    clearTimeout(timer);
  }
}
