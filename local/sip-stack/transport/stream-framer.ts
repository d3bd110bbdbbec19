import {
  contentLength,
  endOfHead,
  maxHeadBytes,
  parseHead,
  type SipMessage,
  SipParseError,
  tooLarge,
} from '../../../sip/message/message.ts';

const ping = Buffer.from('\r\n\r\n');
/** What may stand between messages: line ends, and zero bytes, which some devices send to keep a connection open. */
const between: ReadonlySet<number | undefined> = new Set([13, 10, 0]);

export interface FramerEvents {
  /** A whole message of so many bytes; the body is a view of what was received. */
  onMessage(message: SipMessage, bytes: number): void;
  /** CRLF CRLF between messages: a ping that wants CRLF (RFC 5626 4.4.1). */
  onPing(): void;
}

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 18.3).
 * After an error the stream has no known beginning of a message any more: close the connection.
 */
export class StreamFramer {
  private readonly maxMessageBytes: number;
  private readonly events: FramerEvents;
  private pending: Buffer = Buffer.alloc(0);
  /** Further pieces, joined only when enough have come: a body in small pieces must not cost its square. */
  private pieces: Buffer[] = [];
  private piecesBytes = 0;
  /** Bytes that must be there before trying again makes sense. */
  private wantedBytes = 0;
  private head: { message: SipMessage; bodyStart: number; bodyBytes: number } | undefined;

  constructor(maxMessageBytes: number, events: FramerEvents) {
    this.maxMessageBytes = maxMessageBytes;
    this.events = events;
  }

  /** True while a message has begun and is not complete. */
  get midMessage(): boolean {
    return this.pending.length + this.piecesBytes > 0;
  }

  /** @throws SipParseError where the stream is broken or a message too large */
  push(piece: Buffer): void {
    if (this.pending.length + this.piecesBytes + piece.length < this.wantedBytes) {
      this.pieces.push(piece);
      this.piecesBytes += piece.length;
      return;
    }
    let bytes = piece;
    if (this.midMessage) bytes = Buffer.concat([this.pending, ...this.pieces, piece]);
    this.pieces = [];
    this.piecesBytes = 0;
    this.pending = bytes;
    while (this.takeOne());
  }

  /** @returns whether something was taken and there may be more */
  private takeOne(): boolean {
    const bytes = this.pending;
    if (!this.head && !this.takeHead()) return false;
    const head = this.head;
    if (!head) return this.pending.length > 0;
    const end = head.bodyStart + head.bodyBytes;
    if (bytes.length < end) {
      this.wantedBytes = end;
      return false;
    }
    if (head.bodyBytes > 0) head.message.body = bytes.subarray(head.bodyStart, end);
    this.head = undefined;
    this.wantedBytes = 0;
    this.pending = bytes.subarray(end);
    this.events.onMessage(head.message, end);
    return this.pending.length > 0;
  }

  /** @returns false where more bytes are needed */
  private takeHead(): boolean {
    const bytes = this.pending;
    let start = 0;
    while (between.has(bytes[start])) {
      const isPing = bytes.subarray(start, start + ping.length).equals(ping);
      if (isPing) this.events.onPing();
      start += isPing ? ping.length : 1;
    }
    if (start > 0) {
      this.pending = bytes.subarray(start);
      return this.pending.length > 0;
    }
    const found = endOfHead(bytes, 0);
    if ((found?.end ?? bytes.length) > maxHeadBytes) throw tooLarge(bytes, 0);
    if (found === undefined) {
      if (bytes.length > 0) this.wantedBytes = bytes.length + 1;
      return false;
    }
    const { end, bodyStart } = found;
    const message = parseHead(bytes.toString('latin1', 0, end));
    const request = message.kind === 'request' ? message : undefined;
    const bodyBytes = contentLength(message);
    if (bodyBytes === undefined) throw new SipParseError('no Content-Length on a stream', 400, request);
    if (bodyStart + bodyBytes > this.maxMessageBytes)
      throw new SipParseError('message too large', 513, request);
    this.head = { message, bodyStart, bodyBytes };
    return true;
  }
}
