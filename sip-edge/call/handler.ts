import type { Hangup } from '../../contracts/commands.ts';
import { type CallIdentity, maxCallIdLength } from '../../contracts/common.ts';
import { isCallId } from '../admission/call-id.ts';
import type { HalfOpenCall } from '../admission/half-open.ts';
import type { SrfRequest, SrfResponse } from '../drachtio/srf.ts';
import { traceIdOf } from '../telemetry/trace.ts';
import { type ActiveCall, answeredCall, findCall, reasonOf, traceIdsOf } from './active-call.ts';
import { Bridge, type BridgeEnd, endByOperator } from './bridge.ts';
import type { Call, CallParts, InvitedCall, SetupFailure, Shed } from './call.ts';
import { CallerLeg } from './leg/caller-leg.ts';
import type { Leg } from './leg/leg.ts';
import { bodyReader } from './leg/repair-sdp.ts';
import { Prober } from './probe.ts';
import { refuseCaller, reportEnd, reportFailure, shed } from './report.ts';
import { readFrom } from './setup/from-header.ts';
import { LeftSetups } from './setup/left-setups.ts';
import { readInvite } from './setup/read-invite.ts';
import { CallSetup, type SetupSuccess } from './setup/setup.ts';
import { legsOf, type Orphan, orphanOf, type TakeoverActions, takeOverCalls } from './takeover.ts';

/** Takes calls in, holds them, and takes them over after a restart or a lost connection. */
export class CallHandler {
  readonly #parts: CallParts;
  /** By the dialog of the caller's leg: a dialog is more than its Call-ID (RFC 3261 12). */
  readonly #active = new Map<string, ActiveCall>();
  /** Of calls taken over. */
  readonly #prober: Prober;
  /** Of all calls. */
  readonly #keepalive: Prober;
  /** Legs whose BYE could not be sent for want of a connection. */
  readonly #unsentByes: Leg[] = [];
  #takingOver: Promise<void> = Promise.resolve();
  #takeover = new AbortController();
  /** While calls are taken over: trace ids of what this application had before, and has had since, ended or not. */
  #ours: Set<string> | undefined;
  readonly #closing = new AbortController();
  readonly #leftSetups: LeftSetups;
  readonly #onConnectionLost = () => this.#loseSetups();

  constructor(parts: CallParts) {
    this.#parts = parts;
    const { probeIntervalMs, keepaliveIntervalMs, probeTimeoutMs: timeoutMs } = parts.settings;
    this.#prober = new Prober({ intervalMs: probeIntervalMs, timeoutMs, misses: 3 }, parts);
    this.#keepalive = new Prober({ intervalMs: keepaliveIntervalMs, timeoutMs, misses: 8 }, parts);
    this.#leftSetups = new LeftSetups(parts, this.#closing.signal);
    parts.srf.on('close', this.#onConnectionLost);
  }

  get activeCalls(): number {
    return this.#active.size;
  }

  /**
   * Handles an INVITE that admission let through, until its call is answered or refused. Never rejects: what
   * goes wrong becomes an answer, a fact and a log line.
   * @param halfOpen the call's part in what its source may have open
   */
  async invite(request: SrfRequest, response: SrfResponse, halfOpen: HalfOpenCall): Promise<void> {
    const callId = request.headers['call-id'] ?? '';
    const caller = new CallerLeg(this.#parts.srf, request, response, callId);
    // No fact is published: without a Call-ID there is no call, and in a dialog that is up it is none of its own.
    if (!isCallId(callId)) return this.#refuseUntold(caller, 'bad-request', halfOpen);
    const { gatewayText } = this.#parts.settings;
    const dialogId = caller.dialogId(readFrom(request.headers.from ?? '', gatewayText)?.tag) ?? callId;
    if (this.#active.has(dialogId)) return this.#refuseUntold(caller, 'loop-detected', halfOpen);

    const receivedAt = this.#parts.clock.now();
    const traceId = traceIdOf(this.#parts.settings.edgeId, dialogId, receivedAt);
    const { stackTxnId: txnId } = request;
    const note = this.#parts.journal.begin({ callId, txnId, dialogId, traceId, receivedAt });
    const messages = this.#parts.messages.begin(txnId, dialogId, receivedAt);
    const call: Call = { callId, traceId, receivedAt, halfOpen, note, messages, failed: [] };
    const active: ActiveCall = { call, dialogId, caller };
    this.#active.set(dialogId, active);
    this.#ours?.add(traceId);
    const { cleared } = this.#leftSetups;
    let end: SetupSuccess | SetupFailure | Shed;
    try {
      end = await this.#setUp(active, caller);
    } catch (error) {
      this.#parts.log.error({ callId, traceId, error }, 'call handling failed');
      end = { result: 'refused', outcome: 'edge-lost', detail: `internal error: ${String(error)}` };
    }
    if (end.result === 'answered') return this.#hold(active, end);
    // The gateway may ring until it is told by the next connection: it is nobody else's before.
    if (caller.goneWhy === 'edge-lost') await cleared;
    else note.over();
    this.#active.delete(dialogId);
    halfOpen.over(false);
    if (end.result === 'refused') refuseCaller(caller, end);
    if (end.result === 'shed') shed(caller, call, this.#parts.log);
    else reportFailure(this.#parts, call, end);
    messages.over();
  }

  /**
   * A caller may end its early dialog by BYE (RFC 3261 15). drachtio 0.9.10 answers that by 481 itself.
   * @returns whether it was one
   */
  endEarly(bye: SrfRequest, response: SrfResponse): boolean {
    const { bridge, caller } = this.#active.get(bye.stackDialogId) ?? {};
    if (bridge || caller === undefined || caller.goneWhy) return false;
    response.send(200);
    caller.leave('cancelled', bye.headers);
    return true;
  }

  /** A gateway is locked for a call that waits: it asks at once. */
  onMatched(call: CallIdentity): void {
    findCall(this.#active.values(), call)?.setup?.onMatched();
  }

  /** A gateway started anew without its call, or is gone: the caller's leg, or the attempt at it, ends. */
  onGatewayLost(loss: Hangup): void {
    const active = findCall(this.#active.values(), loss);
    if (active?.call.gateway !== loss.gateway) return;
    active.setup?.onGatewayLost();
    const end = { by: 'gateway', outcome: 'gateway-lost' } as const;
    active.bridge?.end({ ...end, reason: reasonOf('gateway-lost', loss.callId) });
  }

  /** The gateway of a call is gone, or an operator wants an answered one ended, of which both sides are told. */
  onHangup(hangup: Hangup): void {
    if (!hangup.asked) this.onGatewayLost(hangup);
    else findCall(this.#active.values(), hangup)?.bridge?.end(endByOperator);
  }

  /**
   * To be called whenever drachtio was (re)connected: finds the calls that go on without this application.
   * Settles when all are found; never rejects for a control plane that does not answer.
   */
  takeOver(): Promise<void> {
    const left = this.#parts.journal.left();
    const ours = this.#leftSetups.clear(left, traceIdsOf(this.#active.values()));
    this.#reprobeHeld();
    this.#sendUnsentByes();
    this.#adopt(left.flatMap(orphanOf));
    this.#takeover.abort();
    this.#takeover = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, this.#takeover.signal]);
    // An error of the takeover before was thrown to whoever waited for that one.
    this.#takingOver = this.#takingOver.catch(() => {}).then(() => this.#takeOverOthers(ours, signal));
    return this.#takingOver;
  }

  /** drachtio ties dialogs to the connection they began on: it answers requests of earlier calls by 481 itself. */
  #reprobeHeld(): void {
    const held = [...this.#active.values()].flatMap(({ bridge }) => bridge ?? []);
    for (const { caller, gateway } of held) {
      caller.detach();
      gateway.detach();
    }
    this.#prober.probeNow(held);
  }

  async #takeOverOthers(told: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const ours = new Set([...traceIdsOf(this.#active.values()), ...told]);
    this.#ours = ours;
    const actions: TakeoverActions = {
      isHeld: (call) => ours.has(call.traceId ?? '') || findCall(this.#active.values(), call) !== undefined,
      adopt: (orphans) => this.#adopt(orphans),
    };
    try {
      await takeOverCalls(this.#parts, actions, signal);
    } finally {
      this.#ours = undefined;
    }
  }

  /** Ends all calls that are up, as the edge stops. */
  endAll(): void {
    for (const { call, bridge } of this.#active.values())
      bridge?.end({ by: 'edge', outcome: 'edge-lost', reason: reasonOf('edge-lost', call.callId) });
  }

  /** Stops timers and listening; calls go on. */
  close(): void {
    this.#closing.abort();
    this.#prober.stop();
    this.#keepalive.stop();
    this.#parts.srf.removeListener('close', this.#onConnectionLost);
  }

  #refuseUntold(caller: CallerLeg, outcome: 'bad-request' | 'loop-detected', halfOpen: HalfOpenCall): void {
    halfOpen.over(false);
    this.#parts.log.warn({ callId: caller.callId.slice(0, maxCallIdLength), outcome }, 'INVITE refused');
    refuseCaller(caller, { result: 'refused', outcome });
  }

  async #setUp(active: ActiveCall, caller: CallerLeg): Promise<SetupSuccess | SetupFailure | Shed> {
    const invite = readInvite(caller.request, this.#parts.settings);
    if (invite.result === 'refused') {
      if (invite.caller) active.call.caller = invite.caller;
      return invite;
    }
    const call: InvitedCall = Object.assign(active.call, invite.invitation);
    active.setup = new CallSetup(this.#parts, call, caller);
    return active.setup.run();
  }

  #hold(active: ActiveCall, { caller, gateway, lateAck, answeredAt }: SetupSuccess): void {
    delete active.setup;
    active.call.note?.answered(answeredCall(active.call, caller, gateway, answeredAt));
    active.bridge = new Bridge(caller, gateway, this.#listener(active), lateAck);
    this.#keepalive.watch([active.bridge.open()]);
  }

  #adopt(orphans: readonly Orphan[]): void {
    const unheld = orphans.filter(({ callerDialogId }) => !this.#active.has(callerDialogId));
    this.#prober.probeNow(unheld.map((orphan) => this.#bridgeOf(orphan)));
  }

  #bridgeOf(orphan: Orphan): Bridge {
    const { srf, log, messages } = this.#parts;
    const { callerDialogId, gatewayDialogId } = orphan;
    const call = { ...orphan.call, messages: messages.resume(callerDialogId, gatewayDialogId) };
    const { callId, traceId, gateway } = call;
    const active: ActiveCall = { call, dialogId: callerDialogId };
    active.bridge = new Bridge(...legsOf(srf, orphan), this.#listener(active));
    this.#active.set(callerDialogId, active);
    this.#ours?.add(traceId);
    log.info({ callId, traceId, gateway }, 'call taken over');
    return active.bridge;
  }

  #listener({ call, dialogId: own }: ActiveCall) {
    return {
      onEnd: (end: BridgeEnd) => {
        this.#active.delete(own);
        call.note?.over();
        // Ended by drachtio before the ACK: its patience (RFC 3261 13.3.1.4) is over.
        call.halfOpen?.over(end.by === 'edge');
        reportEnd(this.#parts, call as Call & { gateway: string }, end);
        call.messages?.over();
      },
      onAck: () => call.halfOpen?.acknowledged(),
      onUnsentBye: (leg: Leg) => void this.#unsentByes.push(leg),
      contactFor: (...peer: [string, string]) => this.#parts.gatewayContact.headersFor(...peer),
      bodyOf: bodyReader(this.#parts.settings.repairSdp),
    };
  }

  #loseSetups(): void {
    for (const { caller, bridge } of this.#active.values()) if (!bridge) caller?.leave('edge-lost');
  }

  #sendUnsentByes(): void {
    // By the next connection drachtio may be another, without any dialog.
    for (const leg of this.#unsentByes.splice(0)) void leg.bye({ headers: {} }, true);
  }
}
