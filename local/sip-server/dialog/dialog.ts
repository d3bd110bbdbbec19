import {
  contactUri,
  type DialogState,
  dialogAsCallee,
  dialogAsCaller,
  learnedFrom,
} from '../../../sip/dialog.ts';
import type { SipHeaders } from '../../../sip/message/headers.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../../sip/message/message.ts';
import { tagOf } from '../../../sip/name-addr.ts';
import type { Incoming, Target } from '../../sip-stack/index.ts';
import type { AppClient } from '../app/app-clients.ts';
import { type DialogPath, isSource } from '../next-hop.ts';

/** @returns drachtio's id of a dialog: the From tag is that of the INVITE, whoever sent it */
function dialogIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/** @returns the id of the dialog that an INVITE from the network begins; RFC 2543 peers have no tag */
export const dialogIdOfInvite = ({ envelope }: Incoming<SipRequest>): string =>
  dialogIdOf(envelope.callId, envelope.fromTag ?? '');

/** One INVITE dialog, early or confirmed (RFC 3261 12). */
export class Dialog implements DialogState, DialogPath {
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  /** Unknown to a caller until the first answer with a tag. */
  remoteTag: string | undefined;
  /** From and To of our requests, with tags. */
  localParty: string;
  remoteParty: string;
  /** CSeq number of our last request; 0 where none was sent. */
  localSeq: number;
  /** CSeq number of the peer's last request. */
  remoteSeq: number;
  routeSet: readonly string[];
  remoteTarget: string;
  flow: Target;
  isAtContact = false;
  /** Contact of ours, as header value. */
  localContact: string;
  /** A 2xx was sent or received. */
  confirmed = false;
  /** The application that answers for it. */
  owner: AppClient | undefined;
  /** By CSeq number of the peer's INVITE: ends the repeating of our 2xx to it. Each counts its own ACK. */
  readonly repeating = new Map<number, () => void>();
  /** CSeq numbers of our INVITEs that were answered with 2xx and want their ACK, oldest first. */
  readonly unacknowledged = new Set<number>();
  /** The ACKs we sent, by CSeq number, for a 2xx that comes again. */
  readonly acks = new Map<number, { bytes: Buffer; target: Target }>();
  /** The peer's re-INVITE that waits for its final answer. */
  openReinvite: { readonly pending: boolean } | undefined;
  /** To tags of further 2xx to our INVITE, by other branches of a fork. */
  readonly forks = new Set<string>();
  /** Set where the INVITE was cancelled but the 2xx came: BYE right after the ACK. */
  byeAfterAck = false;
  /** Our INVITE or re-INVITE that is still open. */
  openInvite: { cancel(): void } | undefined;
  /** By the session timer agreed on, the refreshes are ours. */
  weRefresh = false;
  /** Ends the session timer. */
  stopSessionTimer: (() => void) | undefined;
  /** The last session description we sent, for a refresh. */
  localBody: { type: string; body: Buffer } | undefined;

  private constructor(
    { callId, localParty, remoteParty, remoteTarget, routeSet }: DialogState,
    of: {
      fromTag: string;
      localTag: string;
      remoteTag?: string;
      localSeq: number;
      remoteSeq: number;
      flow: Target;
      localContact: string;
      owner: AppClient;
    },
  ) {
    this.id = dialogIdOf(callId, of.fromTag);
    this.callId = callId;
    this.localParty = localParty;
    this.remoteParty = remoteParty;
    this.remoteTarget = remoteTarget;
    this.routeSet = routeSet;
    this.localTag = of.localTag;
    this.remoteTag = of.remoteTag;
    this.localSeq = of.localSeq;
    this.remoteSeq = of.remoteSeq;
    this.flow = of.flow;
    this.localContact = of.localContact;
    this.owner = of.owner;
  }

  /**
   * The dialog of an INVITE that came in and is being answered.
   * @param localTag the To tag of the answers
   */
  static ofCallee(invite: Incoming<SipRequest>, localTag: string, contact: string, owner: AppClient): Dialog {
    const { message, envelope, source } = invite;
    const remoteTag = envelope.fromTag ?? '';
    return new Dialog(dialogAsCallee(message, localTag), {
      fromTag: remoteTag,
      localTag,
      remoteTag,
      localSeq: 0,
      remoteSeq: envelope.cseq.number,
      flow: source,
      localContact: contact,
      owner,
    });
  }

  /**
   * The dialog that an INVITE of ours may lead to.
   * @param invite with From tag and Contact
   * @param flow where it goes
   */
  static ofCaller(invite: SipRequest, flow: Target, owner: AppClient): Dialog {
    const state = dialogAsCaller(invite);
    const localTag = tagOf(state.localParty) as string;
    return new Dialog(state, {
      fromTag: localTag,
      localTag,
      localSeq: Number.parseInt(invite.headers.get('cseq') as string, 10),
      remoteSeq: 0,
      flow,
      localContact: invite.headers.get('contact') as string,
      owner,
    });
  }

  /** Takes what an answer with a To tag to our INVITE tells. */
  learnFrom({ message, envelope, source }: Incoming<SipResponse>): void {
    // RFC 2543 peers have none (RFC 3261 12.1.2).
    this.remoteTag = envelope.toTag ?? '';
    this.flow = source;
    Object.assign(this, learnedFrom(message, this));
  }

  /** The Contact of an INVITE, an UPDATE or a 2xx to one becomes the remote target. */
  retarget(headers: SipHeaders): void {
    const uri = contactUri(headers);
    if (uri === undefined || uri === this.remoteTarget) return;
    if (isSource(this.remoteTarget, this.flow)) this.isAtContact = true;
    this.remoteTarget = uri;
  }

  /** Keeps what we last said of our media: a session refresh repeats it. */
  noteLocalBody({ headers, body }: SipMessage): void {
    const type = headers.get('content-type');
    if (type !== undefined && body.length > 0) this.localBody = { type, body };
  }
}
