import type { AttemptFailure, Caller } from '../../contracts/commands.ts';
import type { ExhaustionCause, Outcome } from '../../contracts/outcomes.ts';
import type { HalfOpenCall } from '../admission/half-open.ts';
import type { RegisteredConnections } from '../drachtio/registered-connections.ts';
import type { Srf, SrfResponse } from '../drachtio/srf.ts';
import type { AlarmClock, ControlPlane, FactSink, Log } from '../ports.ts';
import type { Settings } from '../settings.ts';
import type { CallJournal, CallNote } from './journal.ts';
import type { GatewayContact } from './leg/gateway-contact.ts';
import type { CallMessages, SipMessages } from './messages.ts';
import type { FromHeader } from './setup/from-header.ts';
import type { Target } from './setup/room.ts';

export type CallSettings = Pick<
  Settings,
  | 'edgeId'
  | 'gatewayName'
  | 'gatewayText'
  | 'gatewayTimeoutMs'
  | 'maxAttempts'
  | 'ringLimitSec'
  | 'waitLimitSec'
  | 'probeIntervalMs'
  | 'probeTimeoutMs'
  | 'keepaliveIntervalMs'
  | 'repairSdp'
>;

/** What a call needs of the world. */
export interface CallParts {
  readonly srf: Srf;
  readonly controlPlane: Pick<ControlPlane, 'allocate' | 'listEdgeCalls'>;
  readonly facts: FactSink;
  readonly settings: CallSettings;
  readonly gatewayContact: Pick<GatewayContact, 'headersFor'>;
  readonly connections: Pick<RegisteredConnections, 'forget'>;
  readonly journal: Pick<CallJournal, 'begin' | 'left'>;
  readonly messages: Pick<SipMessages, 'begin' | 'resume'>;
  readonly log: Log;
  readonly clock: AlarmClock;
  /** @returns 0 up to 1 */
  readonly random: () => number;
}

/** What is known of a call; times in epoch ms. */
export interface Call {
  /** The Call-ID of the caller's leg. */
  readonly callId: string;
  readonly traceId: string;
  readonly receivedAt: number;
  /** Until its caller has acknowledged the answer; undefined for a call taken over. */
  readonly halfOpen?: HalfOpenCall;
  /** None of a call that only the table knew of. */
  readonly note?: CallNote;
  /** None of a call that is only to be ended. */
  readonly messages?: CallMessages;
  /** The room's name, or the gateway's where the caller dialled one; undefined for a call taken over. */
  room?: string;
  caller?: Caller;
  /** The gateway locked for the call: the last one granted. */
  gateway?: string;
  /** The gateways that did not take it, in order. */
  readonly failed: AttemptFailure[];
  ringingAt?: number;
  answeredAt?: number;
}

/** What an INVITE says of the call that it opens. */
export interface Invitation {
  readonly caller: Caller;
  /** As it came; the gateway gets another with the room in it. */
  readonly from: FromHeader;
  readonly target: Extract<Target, { kind: 'room' | 'gateway' }>;
  readonly room: string;
}

/** A call that this application takes from its INVITE on. */
export type InvitedCall = Call & Invitation;

/** How a call ended that was not answered. */
export type SetupFailure =
  | {
      readonly result: 'refused';
      readonly outcome: Outcome;
      readonly cause?: ExhaustionCause | undefined;
      readonly retryAfterSec?: number | undefined;
      /** For log and record: what no outcome says. */
      readonly detail?: string | undefined;
      /** The gateway's own answer, which the caller gets. */
      readonly said?: SrfResponse | undefined;
    }
  /** The caller gave up. `gatewayAnswered`: its CANCEL crossed the gateway's 200. */
  | { readonly result: 'cancelled'; readonly gatewayAnswered: boolean };

/** More was to be done than could be: the control plane has not heard of the call, and shall not. */
export interface Shed {
  readonly result: 'shed';
}
