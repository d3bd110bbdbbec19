import { parseHead, type SipMessage } from '../../../sip/message/message.ts';
import { serializeHead } from '../../../sip/message/serialize.ts';
import type { Target } from '../../sip-stack/index.ts';

/*
 * drachtio's application protocol on its TCP connection: `<length in bytes>#<message>`, where a message is a line of
 * fields joined by `|`, alone or followed by CRLF and a SIP message.
 */

/** The other side does not speak the protocol: its connection is of no more use. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** drachtio's limit: five digits of length. */
const maxFrameBytes = 99_999;
const hash = 35;
const digits = { first: 48, last: 57 } as const;
const lineBreak = '\r\n';
const headEnd = Buffer.from('\r\n\r\n');

/** Cuts the stream into messages. */
export class FrameReader {
  private pending: Buffer = Buffer.alloc(0);

  /** @returns the whole messages so far, in order. @throws WireError where no length can be read */
  push(chunk: Buffer): Buffer[] {
    let bytes = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: Buffer[] = [];
    for (;;) {
      const length = readLength(bytes);
      if (length === undefined || bytes.length < length.end + length.bytes) break;
      frames.push(bytes.subarray(length.end, length.end + length.bytes));
      bytes = bytes.subarray(length.end + length.bytes);
    }
    this.pending = bytes;
    return frames;
  }
}

function readLength(bytes: Buffer): { bytes: number; end: number } | undefined {
  let value = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === hash && at > 0) return { bytes: value, end: at + 1 };
    if (byte < digits.first || byte > digits.last) throw new WireError('no message length');
    value = value * 10 + byte - digits.first;
    if (value > maxFrameBytes) throw new WireError('message too long');
  }
  return undefined;
}

/** What an application asks for. */
export interface Command {
  /** Chosen by the application; the answer names it. */
  id: string;
  /** `authenticate`, `ping`, `route`, `remove_route`, `sip`, `proxy`. */
  type: string;
  /** The fields after the type. */
  fields: string[];
  /** The SIP message as bytes, if there is one. */
  sip: Buffer | undefined;
}

/** @throws WireError where the message has no type */
export function parseCommand(frame: Buffer): Command {
  const end = frame.indexOf(lineBreak);
  const line = frame.toString('latin1', 0, end < 0 ? frame.length : end);
  const [id, type, ...fields] = line.split('|');
  if (!id || !type) throw new WireError('message without id or type');
  return { id, type, fields, sip: end < 0 ? undefined : frame.subarray(end + 2) };
}

/**
 * Reads the SIP message of a command. Its Content-Length is not believed: drachtio-srf counts characters there.
 * @throws SipParseError
 */
export function parseAppMessage(sip: Buffer): SipMessage {
  const end = sip.indexOf(headEnd);
  const message = parseHead(sip.toString('latin1', 0, end < 0 ? sip.length : end));
  if (end >= 0) message.body = sip.subarray(end + 4);
  return message;
}

/**
 * @param line fields joined by `|`
 * @param message follows the line
 * @returns the bytes to write
 */
export function encodeFrame(line: string, message?: SipMessage): Buffer {
  if (!message) return Buffer.from(`${line.length}#${line}`, 'latin1');
  const text = `${line}${lineBreak}${serializeHead(message)}`;
  const { body } = message;
  const head = Buffer.from(`${text.length + body.length}#${text}`, 'latin1');
  return body.length === 0 ? head : Buffer.concat([head, body]);
}

/**
 * The six fields that tell of a message's way (facts: drachtio.md 4.3).
 * @param source `network` for what came in, `application` for what was sent
 * @param peer the other side; undefined for an answer that drachtio made up itself
 * @returns `source|bytes|protocol|address|port|time`
 */
export function metaFields(
  source: 'network' | 'application',
  bytes: number,
  protocol: 'udp' | 'tcp',
  peer: Target | undefined,
): string {
  return `${source}|${bytes}|${protocol}|${peer?.address ?? ''}|${peer?.port ?? ''}|${timeOfDay()}`;
}

/** UTC, `HH:MM:SS.uuuuuu`. */
function timeOfDay(): string {
  const iso = new Date().toISOString();
  return `${iso.slice(11, 23)}000`;
}
