import { type CSeq, parseCSeq } from '../cseq.ts';
import { tagOf } from '../name-addr.ts';
import { parseVia, type Via } from '../via.ts';
import { headerKey, SipHeaders } from './headers.ts';

/*
 * Why a parser of our own: every REGISTER and each packet of a call passes here on a fraction of one core. The
 * one that comes with drachtio-srf works on strings by regular expressions (bodies included, so a binary body or
 * a byte length is lost), takes what it can and says nothing of the rest. This one touches the body never,
 * splits lines by indexOf, reads the five headers that every message needs, and names what is wrong.
 */

export interface SipRequest {
  kind: 'request';
  method: string;
  /** As written. */
  uri: string;
  headers: SipHeaders;
  body: Buffer;
}

export interface SipResponse {
  kind: 'response';
  status: number;
  reason: string;
  headers: SipHeaders;
  body: Buffer;
}

export type SipMessage = SipRequest | SipResponse;

/** What transactions and dialogs need of every message (RFC 3261 8.1.1). */
export interface Envelope {
  /** The topmost Via. */
  via: Via;
  cseq: CSeq;
  callId: string;
  fromTag: string | undefined;
  toTag: string | undefined;
}

export const noBody: Buffer = Buffer.alloc(0);
export const maxHeadBytes = 32 * 1024;
const maxHeaders = 256;

/**
 * A message that cannot be taken.
 * `status` is what to answer where it can be answered; `request` is there if the head could be read so far that
 * an answer can be built from its Via, From, To, Call-ID and CSeq.
 */
export class SipParseError extends Error {
  override readonly name = 'SipParseError';
  readonly status: 400 | 413 | 505 | 513;
  readonly request: SipRequest | undefined;

  constructor(message: string, status: 400 | 413 | 505 | 513 = 400, request?: SipRequest) {
    super(message);
    this.status = status;
    this.request = request;
  }
}

/** Control characters, and line breaks that are not CRLF. */
const badText = /[^\P{Cc}\t\r\n]|\r[^\n]|[^\r]\n/u;
const requestLine = /^([A-Za-z0-9\-.!%*_+`'~]{1,64}) (\S+) (SIP\/\d+\.\d+)$/i;
const statusLine = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i;

/**
 * Reads start line and headers.
 * @param text all before the empty line, without it
 * @returns the message with an empty body
 * @throws SipParseError
 */
export function parseHead(text: string): SipMessage {
  if (badText.test(text)) throw new SipParseError('control character or bare line break in the head');
  let lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) lineEnd = text.length;
  const message = parseStartLine(text.slice(0, lineEnd));
  const { headers } = message;
  let start = lineEnd + 2;
  let broken: string | undefined;
  while (start < text.length) {
    let end = text.indexOf('\r\n', start);
    if (end < 0) end = text.length;
    const first = text.charCodeAt(start);
    if (first === 32 || first === 9) {
      // A folded line goes on with the one before (RFC 3261 7.3.1).
      const last = headers.values.length - 1;
      if (last < 0) broken = 'folded line without a header';
      else headers.values[last] = `${headers.values[last]} ${text.slice(start, end).trim()}`.trim();
    } else {
      const colon = text.indexOf(':', start);
      const name = colon < 0 || colon > end ? '' : text.slice(start, colon).trimEnd();
      const key = name === '' ? undefined : headerKey(name);
      if (key === undefined) broken = 'line without a header name';
      else headers.pushParsed(key, name, text.slice(colon + 1, end).trim());
      if (headers.keys.length > maxHeaders) throw new SipParseError('too many headers');
    }
    start = end + 2;
  }
  if (broken) throw malformed(message, broken);
  return message;
}

function parseStartLine(line: string): SipMessage {
  if (line.startsWith('SIP/') || line.startsWith('sip/')) {
    const match = statusLine.exec(line);
    if (!match) throw new SipParseError('malformed status line');
    const reason = match[2] ?? '';
    return { kind: 'response', status: Number(match[1]), reason, headers: new SipHeaders(), body: noBody };
  }
  const match = requestLine.exec(line);
  if (!match) throw new SipParseError('malformed request line');
  const [, method, uri, version] = match as unknown as [string, string, string, string];
  const request: SipRequest = { kind: 'request', method, uri, headers: new SipHeaders(), body: noBody };
  if (version.toUpperCase() !== 'SIP/2.0') {
    // The answer needs the headers, so the check is repeated by readEnvelope.
    badVersions.add(request);
  }
  return request;
}

const badVersions = new WeakSet<SipRequest>();

function malformed(message: SipMessage, why: string, status: 400 | 505 = 400): SipParseError {
  return new SipParseError(why, status, message.kind === 'request' ? message : undefined);
}

/**
 * @returns the length in bytes of the body as the message states it, undefined where it does not
 * @throws SipParseError where it is no number or stated twice differently
 */
export function contentLength(message: SipMessage): number | undefined {
  const { headers } = message;
  const value = headers.get('content-length');
  if (value === undefined) return undefined;
  const bytes = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(bytes)) throw malformed(message, 'malformed Content-Length');
  for (const other of headers.getAll('content-length')) {
    if (Number(other) !== bytes) throw malformed(message, 'contradicting Content-Length');
  }
  return bytes;
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * Reads one datagram (or one frame of a stream). The body is a view of `packet`, not a copy.
 * @param packet the whole message; bytes after Content-Length are dropped (RFC 3261 18.3)
 * @throws SipParseError
 */
export function parseMessage(packet: Buffer): SipMessage {
  let start = 0;
  while (packet[start] === 13 && packet[start + 1] === 10) start += 2;
  const end = packet.indexOf(headEnd, start);
  if (end < 0) throw new SipParseError('no end of the head');
  if (end - start > maxHeadBytes) throw new SipParseError('head too large', 513);
  const message = parseHead(packet.toString('utf8', start, end));
  const stated = contentLength(message);
  const bodyStart = end + 4;
  if (stated === undefined) message.body = packet.subarray(bodyStart);
  else if (stated > packet.length - bodyStart) throw malformed(message, 'body shorter than Content-Length');
  else if (stated > 0) message.body = packet.subarray(bodyStart, bodyStart + stated);
  return message;
}

/**
 * Reads and checks what every message must carry.
 * @throws SipParseError naming the header that is missing or malformed (RFC 3261 8.1.1, 20)
 */
export function readEnvelope(message: SipMessage): Envelope {
  const { headers } = message;
  const viaLine = headers.get('via');
  const via = viaLine === undefined ? undefined : parseVia(viaLine);
  // Without a Via no answer can find its way.
  if (!via) throw new SipParseError('missing or malformed Via');
  const callId = headers.get('call-id');
  const from = headers.get('from');
  const to = headers.get('to');
  const cseqLine = headers.get('cseq');
  if (!callId || !from || !to || !cseqLine) throw malformed(message, 'missing Call-ID, From, To or CSeq');
  if (callId.length > 512 || /\s/.test(callId)) throw malformed(message, 'malformed Call-ID');
  const cseq = parseCSeq(cseqLine);
  if (!cseq) throw malformed(message, 'malformed CSeq');
  if (message.kind === 'request') {
    if (badVersions.has(message)) throw malformed(message, 'version not supported', 505);
    if (cseq.method !== message.method) throw malformed(message, 'CSeq names another method');
    if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(message.uri)) throw malformed(message, 'malformed Request-URI');
  }
  return { via, cseq, callId, fromTag: tagOf(from), toTag: tagOf(to) };
}

/** @returns start line, headers and Content-Length with the empty line, as they go out */
export function serializeHead(message: SipMessage): string {
  const { headers } = message;
  let text =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  const { keys, names, values } = headers;
  for (let at = 0; at < keys.length; at++) {
    // The length is always stated as it is, never as somebody claimed it.
    if (keys[at] !== 'content-length') text += `${names[at]}: ${values[at]}\r\n`;
  }
  return `${text}Content-Length: ${message.body.length}\r\n\r\n`;
}

/** @returns the message as bytes */
export function serialize(message: SipMessage): Buffer {
  const head = serializeHead(message);
  const { body } = message;
  if (body.length === 0) return Buffer.from(head, 'utf8');
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(head) + body.length);
  body.copy(bytes, bytes.write(head, 'utf8'));
  return bytes;
}
