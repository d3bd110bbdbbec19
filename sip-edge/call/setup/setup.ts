import { tagOf } from '../../../sip/name-addr.ts';
import { headerOf } from '../../../sip/text.ts';
import type { Acknowledge, Headers, SrfRequest, SrfResponse } from '../../drachtio/srf.ts';
import type { CallParts, InvitedCall, SetupFailure, Shed } from '../call.ts';
import type { CallerLeg } from '../leg/caller-leg.ts';
import {
  type AnsweredOffer,
  GatewayLeg,
  type Offer,
  type OfferLimits,
  type OfferResult,
  type Way,
  waysTo,
} from '../leg/gateway-leg.ts';
import { nextMaxForwards, passed, passHeaders } from '../leg/headers.ts';
import { describedBy, type Leg, sendWhileConnected } from '../leg/leg.ts';
import { bodyReader } from '../leg/repair-sdp.ts';
import { refuseCaller } from '../report.ts';
import { afterFailure } from './attempts.ts';
import { rewriteFrom } from './from-header.ts';
import { GatewayRequest, type Grant } from './gateway-request.ts';
import { Ringback } from './ringback.ts';

/** A day: longer than anybody rings. */
const longestValidSec = 86_400;

/** @returns how long an INVITE is good, as it says itself (RFC 3261 13.3.1, 20.19); undefined: until its caller gives up */
function validSecOf({ expires = '' }: Readonly<Headers>): number | undefined {
  const sec = /^\s*\d{1,10}\s*$/.test(expires) ? Number(expires) : 0;
  return sec > 0 && sec <= longestValidSec ? sec : undefined;
}

/** Both legs are up. */
export interface SetupSuccess {
  readonly result: 'answered';
  readonly caller: Leg;
  readonly gateway: Leg;
  /** Late offer: the gateway still waits for the ACK with the answer. */
  readonly lateAck: Acknowledge | undefined;
  /** Epoch ms. */
  readonly answeredAt: number;
}

/**
 * From the INVITE to the answer: a gateway is locked, offered the call, and where it does not take it the next,
 * until one answers or the outcome is clear. The caller may give up at any moment.
 */
export class CallSetup {
  readonly #parts: CallParts;
  readonly #call: InvitedCall;
  readonly #caller: CallerLeg;
  readonly #ringback: Ringback;
  readonly #gatewayRequest: GatewayRequest;
  /** The caller's, as it goes on. */
  readonly #body: string | undefined;
  #gatewayLeg: GatewayLeg | undefined;
  #stopExpiry: () => void = () => {};
  /** The gateway that is being offered the call is gone: no other way leads to it. */
  #isGatewayLost = false;

  constructor(parts: CallParts, call: InvitedCall, caller: CallerLeg) {
    this.#parts = parts;
    this.#call = call;
    this.#caller = caller;
    this.#body = bodyReader(parts.settings.repairSdp)(caller.request);
    this.#ringback = new Ringback(caller, parts.clock);
    this.#gatewayRequest = new GatewayRequest(parts, call, caller, this.#ringback);
  }

  async run(): Promise<SetupSuccess | SetupFailure | Shed> {
    let isOver = false;
    // The end is told only when the command under way is answered, and this application may not live to do so.
    void this.#caller.gone.then((why) => {
      if (why === 'cancelled' && !isOver) this.#call.note?.cancelled();
    });
    const validSec = validSecOf(this.#caller.request.headers);
    if (validSec) this.#stopExpiry = this.#parts.clock.after(validSec * 1000, () => this.#onExpiry());
    try {
      return await this.#untilAnswered();
    } finally {
      isOver = true;
      this.#stopExpiry();
      this.#ringback.stop();
    }
  }

  /** Its caller does not wait any more, as it said in its INVITE. */
  #onExpiry(): void {
    refuseCaller(this.#caller, { result: 'refused', outcome: 'cancelled' });
    this.#caller.leave('cancelled');
  }

  async #untilAnswered(): Promise<SetupSuccess | SetupFailure | Shed> {
    // Who asks for one gateway by name is not served by another.
    const maxAttempts = this.#call.target.kind === 'gateway' ? 1 : this.#parts.settings.maxAttempts;
    for (;;) {
      const grant = await this.#gatewayRequest.ask();
      if (grant.result !== 'granted') return grant;
      const answer = await this.#offer(grant);
      if (answer.result === 'cancelled' || answer.result === 'refused') return answer;
      if (answer.result === 'answered') return this.#answer(answer);
      if (answer.result === 'rang-too-long') return { result: 'refused', outcome: 'no-answer' };

      const { cause, status } = answer;
      this.#call.failed.push({ username: grant.username, cause, ...(status && { status }) });
      const next = afterFailure(this.#call.failed, maxAttempts);
      if (next.step === 'give-up') {
        const said = next.outcome === 'rejected' ? answer.response : undefined;
        return { result: 'refused', outcome: next.outcome, ...(said && { said }) };
      }
    }
  }

  /** The gateway that is being offered the call has lost it. */
  onGatewayLost(): void {
    this.#isGatewayLost = true;
    this.#gatewayLeg?.fail();
  }

  /** A gateway is locked for this call, which waits: it asks at once. */
  onMatched(): void {
    this.#gatewayRequest.onMatched();
  }

  /** Sends the INVITE to the locked gateway and waits for what becomes of it. */
  async #offer(grant: Grant): Promise<OfferResult | SetupFailure> {
    const { facts, settings } = this.#parts;
    const { callId, traceId, room, caller, failed } = this.#call;
    facts.publish({
      type: 'call.offered',
      callId,
      traceId,
      room,
      caller,
      gateway: grant.username,
      attempt: failed.length + 1,
    });
    const { contact, received, gatewayEdgeId } = grant;
    const ways: Way[] =
      gatewayEdgeId === settings.edgeId ? waysTo(contact, received) : [{ requestUri: contact }];
    // Where there are two, half of the patience is for each.
    const limits = {
      gatewayTimeoutMs: settings.gatewayTimeoutMs / ways.length,
      ringLimitMs: settings.ringLimitSec * 1000,
    };
    this.#isGatewayLost = false;
    this.#ringback.offered();
    let result: OfferResult | SetupFailure = { result: 'failed', cause: 'silent' };
    for (const way of ways) {
      if (way.isAnew) await this.#parts.connections.forget(contact);
      if (this.#isGatewayLost) break;
      result = await this.#offerBy({ way, headers: this.#offerHeaders(grant), body: this.#body }, limits);
      const isSilent = result.result === 'failed' && result.cause === 'silent';
      if (!isSilent || this.#gatewayLeg?.answersOptions) break;
    }
    return result;
  }

  async #offerBy(offer: Offer, limits: OfferLimits): Promise<OfferResult | SetupFailure> {
    const leg = new GatewayLeg(this.#parts, offer, limits, {
      sent: (invite) => this.#onSent(invite),
      provisional: (response) => this.#onProvisional(response),
    });
    this.#gatewayLeg = leg;
    const result = await Promise.race([leg.result, this.#caller.gone]);
    if (typeof result === 'object' && !this.#caller.goneWhy) return result;
    const { gatewayTimeoutMs } = this.#parts.settings;
    return this.#caller.abandonment(await leg.giveUp(gatewayTimeoutMs, this.#caller.farewell));
  }

  #offerHeaders({ received }: Grant): Headers {
    const { headers } = this.#caller.request;
    const { from, target } = this.#call;
    const room = target.kind === 'room' ? target.room : '';
    return {
      ...passHeaders(headers),
      from: headerOf(rewriteFrom(from, room, this.#parts.settings.gatewayText)),
      to: headers.to as string,
      'max-forwards': nextMaxForwards(headers),
      ...this.#parts.gatewayContact.headersFor(received.address, received.protocol),
    };
  }

  #onSent({ stackTxnId: txnId, headers }: SrfRequest): void {
    const dialogId = `${headers['call-id']};from-tag=${tagOf(headers.from ?? '')}`;
    this.#call.note?.offered({ txnId, dialogId });
    this.#call.messages?.offered(txnId, dialogId);
  }

  #onProvisional(response: SrfResponse): void {
    this.#call.ringingAt ??= this.#parts.clock.now();
    // All but 183 become 180: callers do not act on the others, and drachtio-srf does not know them all.
    this.#ringback.says(response.status === 183 ? 183 : 180, passed(response));
  }

  /** Passes the gateway's 200 on. */
  async #answer({ response, ack, leg: gateway }: AnsweredOffer): Promise<SetupSuccess | SetupFailure> {
    this.#ringback.stop();
    this.#stopExpiry();
    const lateOffer = !this.#body;
    if (!lateOffer) sendWhileConnected(ack);
    const options = passed(response);
    const caller = await this.#caller.answer(options);
    if (!caller) {
      if (lateOffer) sendWhileConnected(ack);
      const headers = { reason: 'SIP;cause=487;text="caller gone"', ...this.#caller.farewell };
      void gateway.bye({ headers });
      return this.#caller.abandonment(true);
    }
    gateway.told = describedBy(this.#caller.request, this.#body);
    caller.told = describedBy(response, options.body);
    const { clock, facts } = this.#parts;
    const { callId, traceId, receivedAt, ringingAt } = this.#call;
    const answeredAt = clock.now();
    this.#call.answeredAt = answeredAt;
    facts.publish({
      type: 'call.answered',
      callId,
      traceId,
      gateway: this.#call.gateway as string,
      receivedAt,
      ...(ringingAt !== undefined && { ringingAt }),
      callerDialogId: caller.id,
      gatewayDialogId: gateway.id,
      ...this.#call.messages?.take(),
    });
    return { result: 'answered', caller, gateway, lateAck: lateOffer ? ack : undefined, answeredAt };
  }
}
