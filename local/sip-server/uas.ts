import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import { knownMethods } from '../../sip/methods.ts';
import type { Incoming, ServerTransaction } from '../sip-stack/index.ts';
import { repeatUntilAck } from '../sip-stack/index.ts';
import { answerHeaders } from './app/answer-headers.ts';
import type { AppClient } from './app/app-clients.ts';
import { chosenTag } from './app/app-headers.ts';
import { type Pending, PendingRequests } from './app/pending-requests.ts';
import { metaFields } from './app/wire.ts';
import { type Core, contactFor, notifyIncoming } from './core.ts';
import { endByServer } from './dialog/bye.ts';
import { Dialog, dialogIdOfInvite } from './dialog/dialog.ts';
import {
  offeredTooShort,
  refreshedByPeer,
  startSessionTimer,
  termsAsCallee,
} from './dialog/session-timer.ts';
import { isUncallable } from './uncallable.ts';

const onlyInDialog: ReadonlySet<string> = new Set(['BYE', 'UPDATE', 'PRACK']);

/** What comes in, and the applications' answers. */
export class Uas {
  private readonly core: Core;
  private readonly pending: PendingRequests;
  private readonly onRegistered: (register: Incoming<SipRequest>, answer: SipResponse) => void;

  /** @param onRegistered called for each REGISTER that an application answered with 200 */
  constructor(core: Core, onRegistered: (register: Incoming<SipRequest>, answer: SipResponse) => void) {
    this.core = core;
    this.pending = new PendingRequests(core);
    this.onRegistered = onRegistered;
  }

  get pendingRequests(): number {
    return this.pending.size;
  }

  /** A new request, neither ACK nor CANCEL. */
  received(transaction: ServerTransaction): void {
    const { message, envelope, source } = transaction.incoming;
    if (this.pending.isFull(source.address)) transaction.abandon();
    else if (envelope.toTag !== undefined) this.receivedInDialog(transaction, envelope.toTag);
    else if (onlyInDialog.has(message.method)) transaction.reply({ status: 481 });
    else if (isUncallable(message)) transaction.reply({ status: 400, reason: 'Bad Request (Contact)' });
    else this.receivedNew(transaction);
  }

  /** The ACK of a 2xx. */
  receivedAck(ack: Incoming<SipRequest>): void {
    const { callId, toTag = '', fromTag, cseq } = ack.envelope;
    const dialog = this.core.dialogs.find(callId, toTag, fromTag);
    if (!dialog?.confirmed || cseq.number > dialog.remoteSeq) return;
    dialog.flow = ack.source;
    // Once for each INVITE: the ACK is repeated where our 2xx was, and one of an earlier INVITE counts for that alone.
    const stop = dialog.repeating.get(cseq.number);
    if (!stop) return;
    stop();
    dialog.repeating.delete(cseq.number);
    if (dialog.owner) notifyIncoming(dialog.owner, ack, crypto.randomUUID(), dialog.id);
  }

  private receivedNew(transaction: ServerTransaction): void {
    const { core } = this;
    const { incoming } = transaction;
    const { method } = incoming.message;
    const { callId } = incoming.envelope;
    if (transaction.isInvite) {
      if (core.dialogs.get(dialogIdOfInvite(incoming))) {
        // The same INVITE by another way (RFC 3261 8.2.2.2).
        transaction.reply({ status: 482 });
        return;
      }
      if (core.dialogs.size >= core.limits.maxDialogs) {
        core.log.warn({ callId }, 'dialogs at their limit');
        transaction.reply({ status: 503, headers: [['Retry-After', '10']] });
        return;
      }
    }
    const client = core.clients.pick(method);
    if (!client) {
      core.log.info({ callId, method, from: incoming.source.address }, 'no application for this method');
      transaction.reply({ status: knownMethods.has(method) ? 503 : 501 });
      return;
    }
    const id = this.pending.add(transaction, client, undefined);
    if (transaction.isInvite) {
      transaction.onCancel = (cancel) => {
        transaction.reply({ status: 487 });
        if (!client.gone) notifyIncoming(client, cancel, id, '');
        this.pending.removeWithDialog(id);
      };
    }
    notifyIncoming(client, incoming, id, '');
  }

  private receivedInDialog(transaction: ServerTransaction, toTag: string): void {
    const { core } = this;
    const { incoming } = transaction;
    const { message, envelope, source } = incoming;
    const { callId, fromTag, cseq } = envelope;
    const dialog = core.dialogs.find(callId, toTag, fromTag);
    if (!dialog) {
      transaction.reply({ status: 481 });
      return;
    }
    if (cseq.number < dialog.remoteSeq) {
      transaction.reply({ status: 500, reason: 'Request Out Of Order' });
      return;
    }
    dialog.remoteSeq = cseq.number;
    dialog.flow = source;
    if (message.method === 'BYE') this.receivedBye(dialog);
    const { owner } = dialog;
    if (!owner) {
      // As drachtio: nobody can answer for it any more; an application may still end it by its id.
      core.log.info({ callId, method: message.method }, 'request in a dialog whose application is gone');
      transaction.reply({ status: 481 });
      return;
    }
    if (transaction.isInvite) {
      // One INVITE at a time (RFC 3261 14.2).
      if (dialog.openReinvite?.pending) {
        transaction.reply({ status: 500, headers: [['Retry-After', '2']] });
        return;
      }
      dialog.openReinvite = transaction;
    }
    if (message.method === 'INVITE' || message.method === 'UPDATE') {
      const minimum = offeredTooShort(message);
      if (minimum !== undefined) {
        transaction.reply({ status: 422, headers: [['Min-SE', String(minimum)]] });
        return;
      }
      refreshedByPeer(core, dialog, message);
    }
    const id = this.pending.add(transaction, owner, dialog);
    if (transaction.isInvite) {
      transaction.onCancel = (cancel) => {
        transaction.reply({ status: 487 });
        notifyIncoming(owner, cancel, id, dialog.id);
        this.pending.remove(id);
      };
    }
    notifyIncoming(owner, incoming, id, dialog.id);
  }

  private receivedBye(dialog: Dialog): void {
    dialog.openInvite?.cancel();
    this.core.dialogs.remove(dialog);
    if (dialog.confirmed) return;
    // A caller may end an early dialog by BYE (RFC 3261 15): its INVITE is then over too.
    for (const [id, pending] of this.pending) {
      if (pending.dialog === dialog && pending.transaction.isInvite && !pending.inDialog) {
        pending.transaction.reply({ status: 487 });
        this.pending.remove(id);
      }
    }
  }

  /** An application answers. @param text its answer, with only the headers it wants to add */
  answer(client: AppClient, commandId: string, transactionId: string, text: SipResponse): void {
    const pending = this.pending.get(transactionId);
    const refuse = () => client.answer(commandId, 'NOK|Response not sent due to unknown transaction');
    if (!pending?.transaction.pending) {
      this.pending.removeWithDialog(transactionId);
      refuse();
      return;
    }
    const { transaction } = pending;
    this.pending.heard(transaction);
    const { source } = transaction.incoming;
    if (!pending.inDialog) transaction.localTag = chosenTag(text.headers) ?? transaction.localTag;
    const headers = answerHeaders(this.core, pending, text);
    const { isConnected } = transaction;
    const reply = { status: text.status, reason: text.reason, headers, body: text.body };
    const sent = transaction.reply(reply, (error) => !isConnected && confirm(error));
    if (!sent) {
      refuse();
      return;
    }
    if (transaction.isInvite) this.answeredInvite(transactionId, pending, sent);
    else if (text.status >= 200) this.answered(transactionId, pending, sent);
    const dialogId =
      pending.dialog?.id ?? (transaction.isInvite ? dialogIdOfInvite(transaction.incoming) : '');
    const meta = metaFields('application', transaction.answerBytes, source.protocol, source);
    // By a new connection it has gone when that is there; nobody may listen.
    const confirm = (error?: Error) => {
      if (!error) client.answer(commandId, `OK|${meta}|${transactionId}|${dialogId}||Msg sent:|`, sent);
      else {
        if (pending.dialog && !pending.inDialog) this.core.dialogs.remove(pending.dialog);
        this.pending.remove(transactionId);
        client.answer(commandId, 'NOK|transport for response has been shutdown or closed');
      }
    };
    if (isConnected) confirm();
  }

  /** An INVITE, new or within a dialog, has got an answer. */
  private answeredInvite(id: string, pending: Pending, sent: SipResponse): void {
    const { core } = this;
    const { transaction, client } = pending;
    const { incoming } = transaction;
    const { status } = sent;
    // It works on it: from here on it may ring as long as it likes.
    pending.deadline.cancel();
    if (status > 100 && status < 300 && !pending.dialog) {
      const contact = sent.headers.get('contact') ?? contactFor(core, incoming.source.protocol);
      pending.dialog = Dialog.ofCallee(incoming, transaction.localTag, contact, client);
      core.dialogs.add(pending.dialog);
    }
    if (status < 200) return;
    const { dialog, inDialog } = pending;
    if (status >= 300) {
      this.pending.removeWithDialog(id);
      return;
    }
    this.pending.remove(id);
    if (!dialog) return;
    dialog.confirmed = true;
    dialog.localContact = sent.headers.get('contact') ?? dialog.localContact;
    dialog.retarget(incoming.message.headers);
    dialog.noteLocalBody(sent);
    const session = inDialog ? undefined : termsAsCallee(incoming.message, sent);
    if (session) startSessionTimer(core, dialog, session.terms);
    const { number } = incoming.envelope.cseq;
    const stop = repeatUntilAck(transaction, core.endpoint.timers, core.endpoint.settings, () => {
      dialog.repeating.delete(number);
      core.log.warn({ callId: dialog.callId }, 'no ACK for our 200');
      endByServer(core, dialog, 'ACK timeout');
    });
    dialog.repeating.set(number, stop);
  }

  /** Another request has its final answer. */
  private answered(id: string, pending: Pending, sent: SipResponse): void {
    const { incoming } = pending.transaction;
    this.pending.remove(id);
    if (sent.status >= 300) return;
    if (incoming.message.method === 'UPDATE') pending.dialog?.retarget(incoming.message.headers);
    if (incoming.message.method === 'REGISTER') this.onRegistered(incoming, sent);
  }

  /** The client is gone: nobody will answer what came within its dialogs. A call may be refused by another application. */
  clientGone(client: AppClient): void {
    for (const [id, pending] of this.pending) {
      if (pending.client !== client || (pending.transaction.isInvite && !pending.inDialog)) continue;
      const { callId } = pending.transaction.incoming.envelope;
      this.core.log.warn({ callId }, 'application gone before it answered');
      // Not 481: the call may well go on.
      pending.transaction.reply({ status: pending.inDialog ? 500 : 503 });
      this.pending.remove(id);
    }
  }
}
