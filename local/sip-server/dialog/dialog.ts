import type { SipHeaders } from '../../../sip/headers.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../../sip/message.ts';
import { parseNameAddr, tagOf } from '../../../sip/name-addr.ts';
import { listOf } from '../../../sip/parameters.ts';
import type { Incoming, Target } from '../../sip-stack/index.ts';
import type { AppClient } from '../app/app-clients.ts';
import type { DialogPath } from '../next-hop.ts';

/** @returns drachtio's id of a dialog: the From tag is that of the INVITE, whoever sent it */
export function dialogIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/** One INVITE dialog, early or confirmed (RFC 3261 12). */
export class Dialog implements DialogPath {
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
  routeSet: readonly string[] = [];
  remoteTarget = '';
  flow: Target;
  /** Contact of ours, as header value. */
  localContact: string;
  /** A 2xx was sent or received. */
  confirmed = false;
  /** The application that answers for it. */
  owner: AppClient | undefined;
  /** Ends the repeating of our 2xx. */
  stopRepeating: (() => void) | undefined;
  /** Our INVITE or re-INVITE that was answered with 2xx and wants its ACK. */
  unacknowledged: { cseq: number } | undefined;
  /** The last ACK we sent, for a 2xx that comes again. */
  lastAck: { cseq: number; bytes: Buffer; target: Target } | undefined;
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

  private constructor(of: {
    id: string;
    callId: string;
    localTag: string;
    remoteTag: string | undefined;
    localParty: string;
    remoteParty: string;
    localSeq: number;
    remoteSeq: number;
    flow: Target;
    localContact: string;
    owner: AppClient;
  }) {
    this.id = of.id;
    this.callId = of.callId;
    this.localTag = of.localTag;
    this.remoteTag = of.remoteTag;
    this.localParty = of.localParty;
    this.remoteParty = of.remoteParty;
    this.localSeq = of.localSeq;
    this.remoteSeq = of.remoteSeq;
    this.flow = of.flow;
    this.localContact = of.localContact;
    this.owner = of.owner;
  }

  /**
   * The dialog of an INVITE that came in and is being answered (RFC 3261 12.1.1).
   * @param localTag the To tag of the answers
   */
  static ofCallee(invite: Incoming<SipRequest>, localTag: string, contact: string, owner: AppClient): Dialog {
    const { message, envelope, source } = invite;
    const { headers } = message;
    const remoteTag = envelope.fromTag ?? '';
    const dialog = new Dialog({
      id: dialogIdOf(envelope.callId, remoteTag),
      callId: envelope.callId,
      localTag,
      remoteTag,
      localParty: `${headers.get('to')};tag=${localTag}`,
      remoteParty: headers.get('from') as string,
      localSeq: 0,
      remoteSeq: envelope.cseq.number,
      flow: source,
      localContact: contact,
      owner,
    });
    dialog.routeSet = listOf(headers.getAll('record-route'));
    dialog.retarget(headers);
    return dialog;
  }

  /**
   * The dialog that an INVITE of ours may lead to.
   * @param invite with From tag and Contact
   * @param flow where it goes
   */
  static ofCaller(invite: SipRequest, flow: Target, owner: AppClient): Dialog {
    const { headers } = invite;
    const callId = headers.get('call-id') as string;
    const from = headers.get('from') as string;
    const localTag = tagOf(from) as string;
    const dialog = new Dialog({
      id: dialogIdOf(callId, localTag),
      callId,
      localTag,
      remoteTag: undefined,
      localParty: from,
      remoteParty: headers.get('to') as string,
      localSeq: Number.parseInt(headers.get('cseq') as string, 10),
      remoteSeq: 0,
      flow,
      localContact: headers.get('contact') as string,
      owner,
    });
    // Until it names its Contact; some never do.
    dialog.remoteTarget = invite.uri;
    return dialog;
  }

  /** Takes what an answer with a To tag to our INVITE tells (RFC 3261 12.1.2, 13.2.2.4). */
  learnFrom(answer: Incoming<SipResponse>): void {
    const { headers } = answer.message;
    this.remoteTag = answer.envelope.toTag;
    this.remoteParty = headers.get('to') as string;
    this.routeSet = listOf(headers.getAll('record-route')).reverse();
    this.flow = answer.source;
    this.retarget(headers);
  }

  /** The Contact of an INVITE, an UPDATE or a 2xx to one becomes the remote target. */
  retarget(headers: SipHeaders): void {
    const contact = listOf(headers.getAll('contact'))[0];
    const uri = contact === undefined ? undefined : parseNameAddr(contact)?.uri;
    if (uri !== undefined) this.remoteTarget = uri;
  }

  /** Keeps what we last said of our media: a session refresh repeats it. */
  noteLocalBody({ headers, body }: SipMessage): void {
    const type = headers.get('content-type');
    if (type !== undefined && body.length > 0) this.localBody = { type, body };
  }
}
