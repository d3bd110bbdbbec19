import { sendStatus } from '../../drachtio/send-status.ts';
import type {
  Headers,
  ResponseOptions,
  SentCallback,
  Srf,
  SrfRequest,
  SrfResponse,
} from '../../drachtio/srf.ts';
import type { SetupFailure } from '../call.ts';
import { reasonIn } from './headers.ts';
import { Leg } from './leg.ts';
import { listsOption } from './options.ts';
import { remainsOfCaller } from './remains.ts';
import { SessionTimer } from './session-timer.ts';

/** `cancelled`: the caller gave up. `edge-lost`: the connection to drachtio broke, which ends every transaction. */
export type Gone = 'cancelled' | 'edge-lost';

/**
 * Where the caller sends what it has to say within the early dialog (RFC 3261 12.1.1). drachtio gives a Contact to a 200,
 * and none to a 180; it writes its own address for `localhost`.
 */
function ownContact({ uri, protocol }: SrfRequest): string {
  const scheme = uri.toLowerCase().startsWith('sips:') ? 'sips' : 'sip';
  return `<${scheme}:edge@localhost${protocol === 'udp' ? '' : `;transport=${protocol}`}>`;
}

/** The caller's INVITE, until it has its final answer. */
export class CallerLeg {
  readonly request: SrfRequest;
  readonly callId: string;
  /** Settles when the caller does not wait for the answer any more. */
  readonly gone: Promise<Gone>;
  #goneWhy: Gone | undefined;
  /** What the caller said as it gave up, for the gateway. */
  farewell: Headers = {};
  #leave: (why: Gone) => void = () => {};
  readonly #srf: Srf;
  readonly #response: SrfResponse;
  /** It requires provisional answers to be reliable (RFC 3262). The SIP server makes them so, and takes each PRACK. */
  readonly #isReliable: boolean;

  constructor(srf: Srf, request: SrfRequest, response: SrfResponse, callId: string) {
    this.#srf = srf;
    this.request = request;
    this.callId = callId;
    this.#response = response;
    this.#isReliable = listsOption(request.headers.require, '100rel');
    this.gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
    request.once('cancel', ({ headers }) => this.leave('cancelled', headers));
    // An UPDATE before the answer cannot reach the gateway (it would need 100rel there): RFC 3311 5.2.
    request.on('update', (_update, answer) => answer.send(500, { headers: { 'Retry-After': '5' } }));
  }

  /** Why the caller does not wait any more; undefined while it does. */
  get goneWhy(): Gone | undefined {
    return this.#goneWhy;
  }

  /**
   * What has become of a call whose caller is gone.
   * @param gatewayAnswered whether a gateway had answered already
   */
  abandonment(gatewayAnswered: boolean): SetupFailure {
    return this.#goneWhy === 'edge-lost'
      ? { result: 'refused', outcome: 'edge-lost', detail: 'connection to drachtio lost' }
      : { result: 'cancelled', gatewayAnswered };
  }

  /** @param headers of the request by which it gives up */
  leave(why: Gone, headers: Readonly<Headers> = {}): void {
    if (this.#goneWhy) return;
    this.farewell = reasonIn(headers);
    this.#goneWhy = why;
    this.#leave(why);
  }

  /** The caller's early dialog, where its From has the tag that RFC 3261 demands. */
  dialogId(fromTag: string | undefined): string | undefined {
    return fromTag === undefined ? undefined : `${this.callId};from-tag=${fromTag}`;
  }

  /** @param phrase of the status line, where it is to say more than the usual one */
  ring(status: number, options: ResponseOptions = {}, phrase?: string): void {
    if (this.#goneWhy || this.#response.finalResponseSent) return;
    const contact = ownContact(this.request);
    if (this.#isReliable) this.#ringReliably(contact, phrase);
    else this.#sendProvisional(status, { ...options, headers: { contact, ...options.headers } }, phrase);
  }

  /**
   * A reliable answer must bring the offer where the INVITE brought none, and a description in one counts for good (RFC
   * 3261 13.2.1), while the gateway's counts with its 200. So a 180 has none; and who waits for an offer hears 100, which
   * keeps the SIP server from giving the INVITE up.
   */
  #ringReliably(contact: string, phrase: string | undefined): void {
    if (this.request.body) this.#sendProvisional(180, { headers: { contact } }, phrase);
    else this.#sendProvisional(100, {});
  }

  /** What cannot be sent tells that the INVITE is over, or its connection closed, of which drachtio says nothing by itself. */
  #sendProvisional(status: number, options: ResponseOptions, phrase?: string): void {
    const onSent: SentCallback = (error) => {
      if (error) this.leave('cancelled');
    };
    if (phrase === undefined) this.#response.send(status, options, onSent);
    else this.#response.send(status, phrase, options, onSent);
  }

  /**
   * Sends the 200.
   * @returns the established dialog, or undefined where the caller was gone: its CANCEL was faster, or its
   *   connection is closed
   */
  answer(options: ResponseOptions): Promise<Leg | undefined> {
    const timer = new SessionTimer();
    const headers = timer.inAnswer(options.headers ?? {}, this.request.headers, 'uac');
    const answered = new Promise<Leg | undefined>((resolve) => {
      this.#response.send(200, { ...options, headers }, (error, sent) => {
        const { stackDialogId } = this.#response;
        if (error || !stackDialogId) return resolve(undefined);
        // Attached at once: the ACK may stand in the same packet.
        const leg = new Leg(this.#srf, 'caller', stackDialogId, this.request.stackTxnId).attach();
        leg.timer = timer;
        leg.remains = remainsOfCaller(this.request, sent);
        resolve(leg);
      });
    });
    // Where the connection to drachtio is lost, the callback above is never called.
    return Promise.race([answered, this.gone.then(() => undefined)]);
  }

  /** After CANCEL drachtio has answered 487 itself. */
  refuse(status: number, phrase: string, options: ResponseOptions): void {
    if (this.#goneWhy || this.#response.finalResponseSent) return;
    sendStatus(this.#response, status, phrase, options);
  }
}
