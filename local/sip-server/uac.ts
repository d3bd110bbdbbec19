import { parseCSeq } from '../../sip/cseq.ts';
import { requestInDialog } from '../../sip/dialog.ts';
import { createResponse, newTag } from '../../sip/message/build.ts';
import type { HeaderLine } from '../../sip/message/headers.ts';
import type { SipRequest, SipResponse } from '../../sip/message/message.ts';
import type { Incoming, Target } from '../sip-stack/index.ts';
import { type ClientTransaction, SipTransactionError } from '../sip-stack/index.ts';
import type { AppClient } from './app/app-clients.ts';
import { appHeaders } from './app/app-headers.ts';
import { metaFields } from './app/wire.ts';
import { type Core, notifyIncoming } from './core.ts';
import { endByServer } from './dialog/bye.ts';
import { Dialog } from './dialog/dialog.ts';
import { NoRouteError, sendAckOf, withDialogTarget, withTarget } from './dialog/dialog-request.ts';
import { learnFromAnswer, settleAbandoned } from './dialog/invite-answer.ts';
import { refreshedByUs } from './dialog/session-timer.ts';
import { contactMethods, newRequest } from './new-request.ts';
import { hopOf, isOwn } from './next-hop.ts';

/** A request of an application that waits for answers. */
interface Sent {
  client: AppClient;
  dialog: Dialog | undefined;
  transaction: ClientTransaction | undefined;
}

/** A command that cannot be done; the text goes to the application after `NOK|`. */
class Refused extends Error {}

/** The applications' requests, and the answers to them. */
export class Uac {
  private readonly core: Core;
  private readonly sent = new Map<string, Sent>();
  private readonly connectionOf: (uri: string) => Target | undefined;

  /** @param connectionOf finds the TCP connection that a Contact registered over */
  constructor(core: Core, connectionOf: (uri: string) => Target | undefined) {
    this.core = core;
    this.connectionOf = connectionOf;
  }

  get openRequests(): number {
    return this.sent.size;
  }

  /** A request outside a dialog. @param route where to send it, in place of what its URI says */
  send(client: AppClient, commandId: string, text: SipRequest, route: string): void {
    this.orRefuse(client, commandId, () => {
      const { core } = this;
      const own = hopOf(text.uri, 'udp');
      if (own === 'invalid' || !/^sips?:/i.test(text.uri))
        throw new Refused(`invalid request-uri: ${text.uri}`);
      if (own === 'transport') throw new Refused('requested protocol/transport not available');
      const { endpoint } = core;
      if (isOwn(endpoint.addresses, core.advertisedHost, own))
        throw new Refused('can not send request to myself');
      const hop = route === '' ? (this.connectionOf(text.uri) ?? own) : hopOf(route, 'udp');
      if (hop === 'invalid') throw new Refused(`invalid route: ${route}`);
      if (hop === 'transport') throw new Refused('requested protocol/transport not available');
      const request = newRequest(core, text, hop.protocol);
      const transactionId = crypto.randomUUID();
      withTarget(
        hop,
        (target) => {
          const dialog = text.method === 'INVITE' ? Dialog.ofCaller(request, target, client) : undefined;
          if (dialog) this.addEarly(dialog, request);
          this.start(client, commandId, transactionId, request, target, dialog);
        },
        () => this.unreachable(client, commandId, transactionId, request),
      );
    });
  }

  /** A request within a dialog, from any application that knows the id. */
  sendInDialog(client: AppClient, commandId: string, dialogId: string, text: SipRequest): void {
    this.orRefuse(client, commandId, () => {
      const { core } = this;
      const dialog = core.dialogs.get(dialogId);
      const { method } = text;
      if (method === 'ACK') {
        this.sendAck(client, commandId, dialog, text);
        return;
      }
      // As drachtio, which has one only from its 2xx on.
      if (!dialog?.confirmed) throw new Refused('Server error: unable to find dialog for dialog id provided');
      const uri = text.uri.includes('placeholder') ? dialog.remoteTarget : text.uri;
      const headers = appHeaders(text, core.endpoint.hostPort(dialog.flow.protocol));
      if (contactMethods.has(method) && !text.headers.has('contact'))
        headers.unshift(['Contact', dialog.localContact]);
      // A re-INVITE of ours that is still open would outlive the dialog.
      if (method === 'BYE') dialog.openInvite?.cancel();
      const request = requestInDialog(dialog, {
        method,
        cseq: ++dialog.localSeq,
        uri,
        headers,
        body: text.body,
      });
      const transactionId = crypto.randomUUID();
      withDialogTarget(
        dialog,
        (target) => {
          if (method === 'INVITE') dialog.noteLocalBody(request);
          this.start(client, commandId, transactionId, request, target, dialog);
        },
        () => this.unreachable(client, commandId, transactionId, request),
      );
    });
  }

  /** Gives up an INVITE of an application. */
  cancel(client: AppClient, commandId: string, transactionId: string, text: SipRequest): void {
    this.orRefuse(client, commandId, () => {
      const sent = this.sent.get(transactionId);
      const { transaction } = sent ?? {};
      const cancel = transaction?.cancel(appHeaders(text, ''));
      if (!sent || !transaction || !cancel) {
        throw new Refused(`unable to cancel unknown transaction id: ${transactionId}`);
      }
      if (sent.dialog && !sent.dialog.confirmed) sent.dialog.byeAfterAck = true;
      client.confirm(commandId, crypto.randomUUID(), cancel, 0, transaction.target);
    });
  }

  private orRefuse(client: AppClient, commandId: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const known =
        error instanceof Refused || error instanceof NoRouteError || error.name === 'SipHeaderError';
      if (!known) throw error;
      client.answer(commandId, `NOK|${error.message}`);
    }
  }

  private addEarly(dialog: Dialog, invite: SipRequest): void {
    const { dialogs, limits } = this.core;
    if (dialogs.size >= limits.maxDialogs) throw new Refused('too many dialogs');
    if (dialogs.get(dialog.id)) throw new Refused('dialog exists already');
    dialog.noteLocalBody(invite);
    dialogs.add(dialog);
  }

  private start(
    client: AppClient,
    commandId: string,
    transactionId: string,
    request: SipRequest,
    target: Target,
    dialog: Dialog | undefined,
  ): void {
    const sent: Sent = { client, dialog, transaction: undefined };
    this.sent.set(transactionId, sent);
    const transaction = this.core.endpoint.sendRequest(request, target, {
      onResponse: (answer) => this.answered(transactionId, sent, answer),
      onError: (error) => this.failed(transactionId, sent, request, error),
    });
    sent.transaction = transaction;
    if (transaction.isInvite && dialog) dialog.openInvite = transaction;
    client.confirm(commandId, transactionId, request, transaction.bytes.length, target);
  }

  /** The host's name has no address: told as drachtio does, by a 503 of its own after the OK. */
  private unreachable(
    client: AppClient,
    commandId: string,
    transactionId: string,
    request: SipRequest,
  ): void {
    const nowhere: Target = { protocol: 'udp', address: '', port: 0 };
    client.confirm(commandId, transactionId, request, 0, nowhere);
    this.failed(
      transactionId,
      { client, dialog: undefined, transaction: undefined },
      request,
      new SipTransactionError('transport', 'unknown host'),
    );
  }

  private sendAck(client: AppClient, commandId: string, dialog: Dialog | undefined, text: SipRequest): void {
    const { core } = this;
    // Of several it says which by a CSeq, which drachtio-srf does not write by itself.
    const [oldest] = dialog?.unacknowledged ?? [];
    const cseq = parseCSeq(text.headers.get('cseq') ?? '')?.number ?? oldest;
    if (!dialog || cseq === undefined || !dialog.unacknowledged.has(cseq)) {
      throw new Refused(
        'Server error: ACK for non-success final response is automatically generated by server',
      );
    }
    const headers: HeaderLine[] = appHeaders(text, core.endpoint.hostPort(dialog.flow.protocol));
    sendAckOf(core, dialog, cseq, { headers, body: text.body }, (ack, bytes, target) => {
      dialog.unacknowledged.delete(cseq);
      client.confirm(commandId, crypto.randomUUID(), ack, bytes, target);
      if (dialog.byeAfterAck) endByServer(core, dialog, 'ACK-BYE due to cancel race condition');
    });
  }

  private answered(id: string, sent: Sent, answer: Incoming<SipResponse>): void {
    const { status } = answer.message;
    const { method } = answer.envelope.cseq;
    const { client, dialog, transaction } = sent;
    // As drachtio: that a hop has it says nothing of the callee.
    if (status === 100) return;
    const established = dialog?.confirmed === true;
    if (dialog && method === 'INVITE') {
      if (!learnFromAnswer(this.core, dialog, answer)) return;
    } else if (dialog && status >= 200 && status < 300 && method === 'UPDATE') {
      dialog.retarget(answer.message.headers);
      refreshedByUs(this.core, dialog, answer.message);
    }
    if (dialog) dialog.flow = answer.source;
    if (status >= 200) this.sent.delete(id);
    if (dialog && method === 'INVITE' && status >= 200 && dialog.openInvite === transaction)
      dialog.openInvite = undefined;
    // Ended by a BYE meanwhile, the dialog is nobody's: its 2xx is acknowledged here (RFC 3261 13.2.2.4, RFC 5407 3.2).
    const isOver = dialog !== undefined && established && this.core.dialogs.get(dialog.id) !== dialog;
    if (dialog && (isOver || (client.gone && established))) settleAbandoned(this.core, dialog);
    if (!client.gone) notifyIncoming(client, answer, id, dialog?.id ?? '');
    if (method === 'BYE' && dialog && status >= 200 && status !== 401 && status !== 407) {
      this.core.dialogs.remove(dialog);
    }
  }

  /** No answer will come: the application gets 408 or 503 as if it had come, from no address. */
  private failed(id: string, sent: Sent, request: SipRequest, error: SipTransactionError): void {
    const { client, dialog, transaction } = sent;
    this.sent.delete(id);
    const { method } = request;
    this.core.log.info(
      { callId: request.headers.get('call-id'), method, error: error.message },
      'request without an answer',
    );
    if (dialog && dialog.openInvite === transaction) dialog.openInvite = undefined;
    if (dialog && (method === 'BYE' || (method === 'INVITE' && !dialog.confirmed)))
      this.core.dialogs.remove(dialog);
    if (client.gone) return;
    const answer = createResponse(request, { status: error.kind === 'timeout' ? 408 : 503, toTag: newTag() });
    const meta = metaFields('network', 0, transaction?.target.protocol ?? 'udp', undefined);
    client.notify(`sip|${meta}|${id}|${dialog?.id ?? ''}|`, answer);
  }
}
