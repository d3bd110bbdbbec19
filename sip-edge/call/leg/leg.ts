import { parseNameAddr } from '../../../sip/name-addr.ts';
import { isInternal } from '../../drachtio/peer.ts';
import type {
  Acknowledge,
  DialogHandler,
  Headers,
  OutgoingRequest,
  Srf,
  SrfRequest,
  SrfResponse,
} from '../../drachtio/srf.ts';
import { contentHeaders, type Passed } from './headers.ts';
import { Refers } from './refers.ts';
import type { Remains } from './remains.ts';
import { SessionTimer } from './session-timer.ts';
import { type Place, Whereabouts } from './whereabouts.ts';

/*
 * One established dialog, known by drachtio's id alone. drachtio-srf's own Dialog is not used: it is bound to the
 * connection it was made on, answers some requests itself, and loses provisional answers and late offers. An id
 * is good on any connection, also after a restart of this application.
 */

export type Side = 'caller' | 'gateway';

/** A session description, as one side was told it. */
export interface Description {
  readonly body: string;
  /** What says how to read it. */
  readonly headers: Headers;
}

/** `no-dialog`: drachtio does not know it (any more). `not-sent`: no connection, or drachtio refused to send. */
export type SendFailure = 'no-dialog' | 'not-sent';

export interface RequestListener {
  /** Once for each answer, provisional ones too. `ack` counts for a 200 to INVITE only. */
  answer(response: SrfResponse, ack: Acknowledge): void;
  failed(failure: SendFailure): void;
  /** drachtio has sent it. */
  sent?(request: SrfRequest): void;
}

/** Sends a request; each outcome reaches the listener, whatever drachtio-srf throws. */
export function sendRequest(
  srf: Srf,
  uri: string,
  options: OutgoingRequest,
  listener: RequestListener,
): void {
  try {
    srf.request(uri, options, (error, request) => {
      if (error || !request) {
        listener.failed(error?.code === 'ENODIALOG' ? 'no-dialog' : 'not-sent');
      } else {
        request.on('response', (response, ack) => listener.answer(response, ack));
        listener.sent?.(request);
      }
    });
  } catch {
    // Thrown where there is no connection to drachtio.
    listener.failed('not-sent');
  }
}

/** @returns the session description that a message brings. @param body as it goes on */
export function describedBy(
  { headers }: SrfRequest | SrfResponse,
  body: string | undefined,
): Description | undefined {
  return body ? { body, headers: contentHeaders(headers) } : undefined;
}

/**
 * Sends an ACK or a CANCEL. drachtio-srf throws where the connection on which their transaction began is gone: the next
 * one ends what was being set up (LeftSetups).
 */
export function sendWhileConnected(send: () => void): void {
  try {
    send();
  } catch {
    // The takeover after the next connection finds the dialogs that still stand.
  }
}

/** What comes in a dialog that was never held: a BYE that crosses ours is as good. */
function refuseAsOver({ method }: SrfRequest, response: SrfResponse): void {
  if (method !== 'ACK') response.send(method === 'BYE' ? 200 : 481);
}

export class Leg implements DialogHandler {
  readonly dialogType = 'INVITE';
  readonly id: string;
  readonly side: Side;
  readonly #srf: Srf;
  readonly #inviteTxnId: string | undefined;
  /** Of this leg alone: each side agrees on its own with the edge. */
  timer = new SessionTimer();
  readonly refers = new Refers();
  /** What a BYE can be made of where drachtio has lost the dialog; none of a call that only the table knew of. */
  remains: Remains | undefined;
  /** The session description that this side was last told. */
  told: Description | undefined;
  readonly #whereabouts = new Whereabouts();
  #onRequest: ((request: SrfRequest, response: SrfResponse) => void) | undefined;
  /** Requests that came before `listen`. */
  #held: [SrfRequest, SrfResponse][] = [];

  /** @param inviteTxnId drachtio's id of the INVITE that began the dialog, where this application had it */
  constructor(srf: Srf, side: Side, id: string, inviteTxnId?: string) {
    this.#srf = srf;
    this.side = side;
    this.id = id;
    this.#inviteTxnId = inviteTxnId;
  }

  /** A request or answer of the peer that may name a new Contact was accepted (RFC 3261 12.2.1.2, 12.2.2). */
  refreshed({ contact }: Readonly<Headers>): void {
    const uri = contact === undefined ? undefined : parseNameAddr(contact)?.uri;
    if (uri !== undefined && /^sips?:/i.test(uri)) this.#whereabouts.refreshed(uri);
  }

  /** Gives up a re-INVITE of ours. drachtio 0.9.10 knows it only by the id of the INVITE that began the dialog. */
  cancel(sent: SrfRequest, headers: Headers): void {
    const stackTxnId = this.#inviteTxnId;
    sendWhileConnected(() =>
      sent.cancel({ headers }, (error) => {
        if (!error || stackTxnId === undefined) return;
        sendWhileConnected(() => Object.assign(sent, { stackTxnId }).cancel({ headers }, () => {}));
      }),
    );
  }

  /** From here on this leg's requests come here; until `listen` they wait. */
  attach(): this {
    this.#srf.addDialog(this);
    return this;
  }

  detach(): void {
    this.#srf.removeDialog(this);
    this.#held = [];
  }

  listen(onRequest: (request: SrfRequest, response: SrfResponse) => void): void {
    this.#onRequest = onRequest;
    const held = this.#held;
    this.#held = [];
    for (const [request, response] of held) onRequest(request, response);
  }

  /** Called by drachtio-srf. */
  handle(request: SrfRequest, response: SrfResponse): void {
    this.#whereabouts.heard(request);
    if (this.#onRequest) this.#onRequest(request, response);
    else this.#held.push([request, response]);
  }

  request(method: string, headers: Headers, body: string | undefined, listener: RequestListener): void {
    const options: OutgoingRequest = { method, headers, stackDialogId: this.id };
    if (body) options.body = body;
    sendRequest(this.#srf, this.#whereabouts.contact ?? 'sip:placeholder', options, {
      ...listener,
      sent: (request) => {
        // While any request of ours waits for its answer, drachtio-srf takes an UPDATE of the peer for one of its early dialog.
        request.on('update', (update, answer) => this.handle(update, answer));
        listener.sent?.(request);
      },
    });
  }

  /**
   * Ends the dialog.
   * @param said what the BYE says
   * @param isLost drachtio may have lost it, and the peer still holds it: then it is told by a request of its own
   * @returns false where the BYE could not be sent for want of a connection: it must be sent later
   */
  bye({ headers, body }: Passed = { headers: {} }, isLost = false): Promise<boolean> {
    if (!this.#onRequest) this.listen(refuseAsOver);
    return new Promise((resolve) => {
      this.request('BYE', headers, body, {
        sent: () => {
          const place = this.#movedTo();
          if (place) this.#byeAnew(place, headers);
          resolve(true);
        },
        answer: () => this.detach(),
        failed: (failure) => {
          this.detach();
          if (failure === 'no-dialog' && isLost && this.remains)
            this.#byeAnew(this.#whereabouts.now(this.remains), headers);
          resolve(failure === 'no-dialog');
        },
      });
    });
  }

  /** Asks by OPTIONS whether a peer is there that drachtio would look for elsewhere. @returns false where it would not */
  askWhereItIs(answered: () => void): boolean {
    const place = this.#movedTo();
    if (!place) return false;
    const options: OutgoingRequest = { method: 'OPTIONS', ...proxyOf(place) };
    sendRequest(this.#srf, place.uri, options, {
      answer: (response) => {
        if (!isInternal(response)) answered();
      },
      failed() {},
    });
    return true;
  }

  #movedTo(): Place | undefined {
    return this.remains && this.#whereabouts.movedFrom(this.remains);
  }

  #byeAnew(place: Place, given: Headers): void {
    const options: OutgoingRequest = {
      method: 'BYE',
      headers: { ...given, ...this.remains?.headers },
      ...proxyOf(place),
    };
    sendRequest(this.#srf, place.uri, options, { answer() {}, failed() {} });
  }
}

const proxyOf = ({ proxy }: Place) => (proxy === undefined ? {} : { proxy });
