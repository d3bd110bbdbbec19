import { sendStatus } from '../../drachtio/send-status.ts';
import type { ResponseOptions, Srf, SrfRequest, SrfResponse } from '../../drachtio/srf.ts';
import type { SetupFailure } from '../call.ts';
import { Leg } from './leg.ts';
import { listsOption } from './options.ts';
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
  #leave: (why: Gone) => void = () => {};
  readonly #srf: Srf;
  readonly #response: SrfResponse;
  /** With `Require: 100rel` an unreliable 180 would break RFC 3262; none at all is in order. */
  readonly #mayRing: boolean;

  constructor(srf: Srf, request: SrfRequest, response: SrfResponse, callId: string) {
    this.#srf = srf;
    this.request = request;
    this.callId = callId;
    this.#response = response;
    this.#mayRing = !listsOption(request.headers.require, '100rel');
    this.gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
    request.once('cancel', () => this.leave('cancelled'));
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

  leave(why: Gone): void {
    if (this.#goneWhy) return;
    this.#goneWhy = why;
    this.#leave(why);
  }

  /** The caller's early dialog, where its From has the tag that RFC 3261 demands. */
  dialogId(fromTag: string | undefined): string | undefined {
    return fromTag === undefined ? undefined : `${this.callId};from-tag=${fromTag}`;
  }

  /** @param phrase of the status line, where it is to say more than the usual one */
  ring(status: number, options: ResponseOptions = {}, phrase?: string): void {
    if (this.#goneWhy || this.#response.finalResponseSent || !this.#mayRing) return;
    const headers = { contact: ownContact(this.request), ...options.headers };
    if (phrase === undefined) this.#response.send(status, { ...options, headers });
    else this.#response.send(status, phrase, { ...options, headers });
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
      this.#response.send(200, { ...options, headers }, (error) => {
        const { stackDialogId } = this.#response;
        if (error || !stackDialogId) return resolve(undefined);
        // Attached at once: the ACK may stand in the same packet.
        const leg = new Leg(this.#srf, 'caller', stackDialogId, this.request.stackTxnId).attach();
        leg.timer = timer;
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
