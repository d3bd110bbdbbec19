import { EventEmitter } from 'node:events';
import type {
  Headers,
  ResponseOptions,
  SentCallback,
  SrfRequest,
  SrfResponse,
} from '../../../sip-edge/drachtio/srf.ts';

/* Requests and responses as drachtio-srf gives them, as far as the edge looks at them. */

export const sdp = 'v=0\r\n';

export interface RequestParts {
  method: string;
  headers: Headers;
  uri?: string;
  /** `address:port`; of what drachtio sends itself there is none. */
  from?: string | undefined;
  txnId?: string;
  dialogId?: string;
  body?: string;
}

export function requestOf({ from, txnId = '', dialogId = '', uri = '', ...parts }: RequestParts): SrfRequest {
  return Object.assign(new EventEmitter(), {
    ...parts,
    ...sourceOf(from),
    type: 'request',
    uri,
    raw: '',
    source: from === undefined ? 'application' : 'network',
    stackTxnId: txnId,
    stackDialogId: dialogId,
  }) as unknown as SrfRequest;
}

/** @param from undefined: drachtio's own answer */
export function answerOf(status: number, headers: Headers, from?: string, dialogId = ''): SrfResponse {
  const body = status >= 200 && status < 300 ? sdp : undefined;
  const parts = { type: 'response', status, reason: '', headers, body, raw: '', stackDialogId: dialogId };
  return { ...parts, ...sourceOf(from) } as unknown as SrfResponse;
}

function sourceOf(from = '') {
  const [address, port] = from.split(':');
  return { source_address: address, source_port: Number(port ?? 0), protocol: 'udp' };
}

/** @param error drachtio's text where it did not send; `dialogId`: of the dialog that a 200 has begun */
type Sent = (error: string | null, dialogId?: string) => void;

/** The response to a request that came in. */
export class Response {
  status = 0;
  finalResponseSent = false;
  stackDialogId = '';
  readonly #send: (status: number, sent: Sent) => void;
  readonly #to: string;

  /** @param to the To header of a 200 */
  constructor(send: (status: number, sent: Sent) => void, to = '') {
    this.#send = send;
    this.#to = to;
  }

  send(status: number, ...more: (string | ResponseOptions | SentCallback | undefined)[]): void {
    const callback = more.find((one): one is SentCallback => typeof one === 'function');
    if (this.finalResponseSent) {
      callback?.('a final response has been sent');
      return;
    }
    this.status = status;
    this.#send(status, (error, dialogId = '') => {
      if (error === null && status >= 200) this.finalResponseSent = true;
      this.stackDialogId = dialogId;
      callback?.(error, answerOf(status, { to: this.#to }));
    });
  }
}
