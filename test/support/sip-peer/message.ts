import { newBranch } from '../../../sip/message/build.ts';
import type { HeaderLine, SipHeaders } from '../../../sip/message/headers.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../../sip/message/message.ts';

/** Header names and values. Several values are several lines; `undefined` leaves a header out. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a test adds to a message. */
export interface Content {
  headers?: Fields;
  body?: string | Buffer;
  /** Default: `application/sdp`. Stated only where there is a body. */
  contentType?: string;
}

/** @returns the header lines of the content, under which `usual` gives those that it does not name itself */
export function linesOf({ headers = {}, body, contentType }: Content, usual: Fields = {}): HeaderLine[] {
  const type = body ? { 'Content-Type': contentType ?? 'application/sdp' } : {};
  return Object.entries({ ...usual, ...type, ...headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): HeaderLine => [name, one]),
  );
}

abstract class ReceivedMessage {
  readonly headers: SipHeaders;
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** The whole message as it came. */
  readonly raw: string;

  constructor({ headers, body }: SipMessage, raw: string) {
    this.headers = headers;
    this.body = body;
    this.text = body.toString();
    this.raw = raw;
  }

  /** @returns the first value of a header. @throws Error where the message has none of this name */
  header(name: string): string {
    const value = this.headers.get(name.toLowerCase());
    if (value === undefined) throw new Error(`no ${name} in:\n${this.raw}`);
    return value;
  }

  /** The number of its CSeq. */
  get cseq(): number {
    return Number.parseInt(this.header('cseq'), 10);
  }
}

export class ReceivedRequest extends ReceivedMessage implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  readonly uri: string;

  constructor(request: SipRequest, raw: string) {
    super(request, raw);
    this.method = request.method;
    this.uri = request.uri;
  }
}

export class ReceivedResponse extends ReceivedMessage implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(response: SipResponse, raw: string) {
    super(response, raw);
    this.status = response.status;
    this.reason = response.reason;
  }
}

export type Received = ReceivedRequest | ReceivedResponse;

/** `INVITE`, or `200 INVITE`. */
export function titleOf(message: Received): string {
  if (message.kind === 'request') return message.method;
  return `${message.status} ${message.headers.get('cseq')?.split(' ')[1]}`;
}

export interface RawRequest {
  method?: string;
  uri?: string;
  transport?: 'udp' | 'tcp';
  callId?: string;
  /** More or other header lines; a name replaces the usual line of that name. */
  headers?: Fields;
  body?: string | Buffer;
}

/** @returns the text of a request, unchecked: right but for what is asked to be wrong */
export function rawRequest(of: RawRequest): string {
  const { method = 'INVITE', uri = 'sip:room@sip.switchroom.test' } = of;
  const { transport = 'udp', callId = 'raw', body = '' } = of;
  const usual = {
    Via: `SIP/2.0/${transport.toUpperCase()} 127.0.0.1:5999;branch=${newBranch()};rport`,
    'Max-Forwards': '70',
    From: '<sip:raw@endpoint.example>;tag=1',
    To: `<${uri}>`,
    'Call-ID': callId,
    CSeq: `1 ${method}`,
    Contact: '<sip:raw@127.0.0.1:5999>',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  const lines = linesOf({ headers: of.headers ?? {} }, usual).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${uri} SIP/2.0\r\n${lines.join('')}\r\n${body}`;
}
