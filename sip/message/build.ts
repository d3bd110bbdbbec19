import { randomBytes } from 'node:crypto';
import { tagOf } from '../name-addr.ts';
import { type HeaderLine, SipHeaders } from './headers.ts';
import { noBody, type SipRequest, type SipResponse } from './message.ts';

/*
 * Branches and tags must be unique and hard to guess (RFC 3261 8.1.1.7, 19.3). One call of the random source
 * serves many of them.
 */
let pool = Buffer.alloc(0);
let poolAt = 0;

function randomHex(bytes: number): string {
  if (poolAt + bytes > pool.length) {
    pool = randomBytes(4096);
    poolAt = 0;
  }
  poolAt += bytes;
  return pool.toString('hex', poolAt - bytes, poolAt);
}

/** @returns a Via branch with the magic cookie of RFC 3261 */
export function newBranch(): string {
  return `z9hG4bK${randomHex(12)}`;
}

/** @returns a From or To tag */
export function newTag(): string {
  return randomHex(8);
}

/** @returns a Call-ID without the host (RFC 3261 20.8 allows it) */
export function newCallId(): string {
  return randomHex(16);
}

export interface NewRequest {
  method: string;
  /** Request-URI. */
  uri: string;
  /** With its tag. */
  from: string;
  to: string;
  callId: string;
  cseq: number;
  /** More headers in order. */
  headers?: readonly HeaderLine[];
  body?: Buffer | string;
}

/**
 * @returns a request without Via, which sending adds
 * @throws SipHeaderError on a line break in a header
 */
export function createRequest(of: NewRequest): SipRequest {
  const headers = new SipHeaders()
    .append('Max-Forwards', '70')
    .append('From', of.from)
    .append('To', of.to)
    .append('Call-ID', of.callId)
    .append('CSeq', `${of.cseq} ${of.method}`);
  for (const [name, value] of of.headers ?? []) {
    if (name.toLowerCase() === 'max-forwards') headers.set(name, value);
    else headers.append(name, value);
  }
  return { kind: 'request', method: of.method, uri: of.uri, headers, body: asBody(of.body) };
}

export interface NewResponse {
  status: number;
  /** Default: the usual phrase of the status. */
  reason?: string;
  /** The To tag, where the request has none. Not for 100. */
  toTag?: string;
  headers?: readonly HeaderLine[];
  body?: Buffer | string;
}

/**
 * @returns the response with Via, From, To, Call-ID and CSeq of the request, and its Record-Route where a dialog
 *   may begin (RFC 3261 8.2.6.2, 12.1.1)
 */
export function createResponse(request: SipRequest, of: NewResponse): SipResponse {
  const headers = new SipHeaders();
  const { keys, values } = request.headers;
  const opensDialog = of.status > 100 && of.status < 300;
  for (let at = 0; at < keys.length; at++) {
    const value = values[at] as string;
    switch (keys[at]) {
      case 'via':
        headers.pushParsed('via', 'Via', value);
        break;
      case 'record-route':
        if (opensDialog) headers.pushParsed('record-route', 'Record-Route', value);
        break;
      case 'from':
        headers.pushParsed('from', 'From', value);
        break;
      case 'to': {
        const tag = of.toTag !== undefined && tagOf(value) === undefined ? `;tag=${of.toTag}` : '';
        headers.pushParsed('to', 'To', value + tag);
        break;
      }
      case 'call-id':
        headers.pushParsed('call-id', 'Call-ID', value);
        break;
      case 'cseq':
        headers.pushParsed('cseq', 'CSeq', value);
        break;
      case 'timestamp':
        if (of.status === 100) headers.pushParsed('timestamp', 'Timestamp', value);
        break;
    }
  }
  for (const [name, value] of of.headers ?? []) headers.append(name, value);
  const reason = of.reason ?? reasonPhrase(of.status);
  return { kind: 'response', status: of.status, reason, headers, body: asBody(of.body) };
}

function asBody(body: Buffer | string | undefined): Buffer {
  if (body === undefined || body.length === 0) return noBody;
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
}

const reasonPhrases: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  423: 'Interval Too Brief',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  600: 'Busy Everywhere',
  603: 'Decline',
};

/** @returns the phrase of RFC 3261 21, or a word for the class */
function reasonPhrase(status: number): string {
  return reasonPhrases[status] ?? (status < 200 ? 'Progress' : status < 300 ? 'OK' : 'Rejected');
}
