import { type CSeq, parseCSeq } from '../cseq.ts';
import { tagOf } from '../name-addr.ts';
import { trimBlanks } from '../text.ts';
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
const maxHeaders = 1000;

type ErrorStatus = 400 | 413 | 505 | 513;

/**
 * A message that cannot be taken.
 * `status` is what to answer where it can be answered; `request` is there if the head could be read so far that
 * an answer can be built from its Via, From, To, Call-ID and CSeq.
 */
export class SipParseError extends Error {
  override readonly name = 'SipParseError';
  readonly status: ErrorStatus;
  readonly request: SipRequest | undefined;

  constructor(message: string, status: ErrorStatus = 400, request?: SipRequest) {
    super(message);
    this.status = status;
    this.request = request;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not pass
const controlCharacter = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)/;
const controlCharacters = new RegExp(controlCharacter, 'g');
/** A quoted-string may have them escaped (RFC 3261 25.1: quoted-pair), but for those that end a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const escapedControl = /\\[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;
// A blank is a blank or a tab: to JavaScript, `\s` is also a byte of many a character in UTF-8 (0xA0).
const requestLine = /^([A-Za-z0-9\-.!%*_+`'~]{1,64}) ([^ \t]+) (SIP\/\d+\.\d+)$/i;
/** What can be answered for, though it is none: blanks where they do not belong (RFC 4475 3.1.2.8, 3.1.2.9). */
const brokenRequestLine = /^([A-Za-z0-9\-.!%*_+`'~]{1,64})\s.*\sSIP\/\d+\.\d+\s*$/i;
const statusLine = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i;

/**
 * Reads start line and headers. Lines may end by LF alone, which the grammar does not allow and devices send.
 * @param text all before the empty line, without it, one character a byte
 * @returns the message with an empty body
 * @throws SipParseError
 */
export function parseHead(text: string): SipMessage {
  const lines = splitLines(text);
  const { message, broken: brokenStart } = parseStartLine(lines[0] ?? '');
  const { headers } = message;
  let broken = brokenStart;
  if (controlCharacter.test(text) && controlCharacter.test(text.replace(escapedControl, '')))
    broken ??= 'control character in the head';
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] as string;
    const first = line.charCodeAt(0);
    if (first === 32 || first === 9) {
      // A folded line goes on with the one before (RFC 3261 7.3.1).
      const last = headers.values.length - 1;
      if (last < 0) broken ??= 'folded line without a header';
      else headers.values[last] = trimBlanks(`${headers.values[last]} ${trimBlanks(line)}`);
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? '' : line.slice(0, colon).trimEnd();
    const key = name === '' ? undefined : headerKey(name);
    if (key === undefined) broken ??= 'line without a header name';
    else if (headers.keys.length >= maxHeaders) broken ??= 'too many headers';
    else headers.pushParsed(key, name, trimBlanks(line.slice(colon + 1)));
  }
  if (broken) {
    // The answer repeats some of them.
    for (const [at, value] of headers.values.entries())
      headers.values[at] = value.replace(controlCharacters, '');
    throw malformed(message, broken);
  }
  return message;
}

function splitLines(text: string): string[] {
  const lines = text.split('\r\n');
  return lines.some((line) => line.includes('\n')) ? text.split(/\r?\n/) : lines;
}

function parseStartLine(line: string): { message: SipMessage; broken: string | undefined } {
  const parts = { headers: new SipHeaders(), body: noBody };
  if (line.startsWith('SIP/') || line.startsWith('sip/')) {
    const match = statusLine.exec(line);
    if (!match) throw new SipParseError('malformed status line');
    const reason = match[2] ?? '';
    return { message: { kind: 'response', status: Number(match[1]), reason, ...parts }, broken: undefined };
  }
  const match = requestLine.exec(line);
  const method = match?.[1] ?? brokenRequestLine.exec(line)?.[1];
  if (method === undefined) throw new SipParseError('malformed request line');
  const message: SipRequest = { kind: 'request', method, uri: match?.[2] ?? '', ...parts };
  // The answer needs the headers, so that this is told by readEnvelope.
  if (match?.[3] !== undefined && match[3].toUpperCase() !== 'SIP/2.0') badVersions.add(message);
  return { message, broken: match ? undefined : 'malformed request line' };
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
  const bytes = /^0*\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(bytes)) throw malformed(message, 'malformed Content-Length');
  for (const other of headers.getAll('content-length')) {
    if (Number(other) !== bytes) throw malformed(message, 'contradicting Content-Length');
  }
  return bytes;
}

const headEnd = Buffer.from('\r\n\r\n');
const bareHeadEnds = [Buffer.from('\n\n'), Buffer.from('\n\r\n')];

/** @returns where the empty line after the head begins, and the body; undefined where there is none yet */
export function endOfHead(bytes: Buffer, start: number): { end: number; bodyStart: number } | undefined {
  const usual = bytes.indexOf(headEnd, start);
  // Lines that end by LF alone: only what stands before a usual end, which may as well be in the body.
  const before = usual < 0 ? bytes : bytes.subarray(0, usual + 2);
  let first = usual < 0 ? undefined : { end: usual, bodyStart: usual + headEnd.length };
  for (const bare of bareHeadEnds) {
    const end = before.indexOf(bare, start);
    if (end >= 0 && end < (first?.end ?? bytes.length)) first = { end, bodyStart: end + bare.length };
  }
  return first;
}

/**
 * Reads one datagram (or one frame of a stream). The body is a view of `packet`, not a copy.
 * @param packet the whole message; bytes after Content-Length are dropped (RFC 3261 18.3)
 * @throws SipParseError
 */
export function parseMessage(packet: Buffer): SipMessage {
  let start = 0;
  while (packet[start] === 13 || packet[start] === 10) start++;
  const head = endOfHead(packet, start);
  if (head === undefined) throw new SipParseError('no end of the head');
  if (head.end - start > maxHeadBytes) throw tooLarge(packet, start);
  const message = parseHead(packet.toString('latin1', start, head.end));
  const stated = contentLength(message);
  const { bodyStart } = head;
  if (stated === undefined) message.body = packet.subarray(bodyStart);
  else if (stated > packet.length - bodyStart) throw malformed(message, 'body shorter than Content-Length');
  else if (stated > 0) message.body = packet.subarray(bodyStart, bodyStart + stated);
  return message;
}

/** @returns an error with what could be read of the head, so that it can be answered */
export function tooLarge(bytes: Buffer, start: number): SipParseError {
  const text = bytes.toString('latin1', start, start + maxHeadBytes);
  const whole = text.slice(0, Math.max(0, text.lastIndexOf('\r\n')));
  let request: SipRequest | undefined;
  try {
    const message = parseHead(whole);
    if (message.kind === 'request') request = message;
  } catch (error) {
    if (!(error instanceof SipParseError)) throw error;
    request = error.request;
  }
  return new SipParseError('head too large', 513, request);
}

/** Headers that a message has once (RFC 3261 7.3.1): of two that differ nobody can say which counts. */
const single = ['call-id', 'cseq', 'from', 'to', 'max-forwards'] as const;

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
  if (callId.length > 512 || /[ \t]/.test(callId)) throw malformed(message, 'malformed Call-ID');
  for (const name of single) {
    if (headers.keys.indexOf(name) !== headers.keys.lastIndexOf(name))
      throw malformed(message, `two ${name}`);
  }
  const cseq = parseCSeq(cseqLine);
  if (!cseq) throw malformed(message, 'malformed CSeq');
  if (message.kind === 'request') {
    if (badVersions.has(message)) throw malformed(message, 'version not supported', 505);
    if (headers.getAll('content-type').length > 1) throw malformed(message, 'two content-type');
    if (cseq.method !== message.method) throw malformed(message, 'CSeq names another method');
    if (!/^[A-Za-z][A-Za-z0-9+.-]*:./.test(message.uri)) throw malformed(message, 'malformed Request-URI');
  }
  return { via, cseq, callId, fromTag: tagOf(from), toTag: tagOf(to) };
}
