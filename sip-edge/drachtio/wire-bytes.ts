import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import WireProtocol from 'drachtio-srf/lib/wire-protocol.js';
import { endsDrachtio } from './deadly-contact.ts';
import { PacedWrites } from './paced-writes.ts';
import { readableHead } from './readable-head.ts';

/*
 * drachtio-srf decodes the connection to drachtio as UTF-8, which changes every body and header that is none, and prints
 * what it cannot parse to the console. Here each byte is one character (Latin-1), in both directions: bodies pass
 * unchanged, and sip/text.ts reads a header where it is wanted as text. What drachtio-srf would not understand, or would
 * misunderstand, is put right or kept from it.
 */

interface Wire extends EventEmitter {
  send(socket: Socket, message: string): string;
}

/** A message that the application does not get; a request was answered by 400 where it may be answered. */
export interface Unreadable {
  why: string;
  address: string;
}

/** A SIP message between drachtio and the application, with drachtio's ids; '' for one that it has none of. */
export interface Passing {
  readonly direction: 'received' | 'sent';
  readonly txnId: string;
  readonly dialogId: string;
  readonly startLine: string;
  /** @returns the method in the CSeq; none of what drachtio has still to write it into */
  cseqMethod(): string | undefined;
}

const hash = 35;
const lineBreak = '\r\n';
/** Where they stand among the fields of what drachtio passes on (drachtio.md 4.3). */
const field = { source: 2, protocol: 4, address: 5, transactionId: 8, dialogId: 9 } as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all that one byte can hold
const noByte = /[^\x00-\xff]/g;

const pending = new WeakMap<Socket, Buffer>();
const writes = new WeakMap<Socket, PacedWrites>();

/** Makes every connection to drachtio one of bytes: drachtio-srf has no other place for it. */
export function speakInBytes(): void {
  Object.assign(WireProtocol.prototype, { send, _onData: onData });
}

function send(this: Wire, socket: Socket, message: string): string {
  const id = randomUUID();
  const text = `${id}|${message}`.replace(noByte, '?');
  const way = writes.get(socket) ?? new PacedWrites(socket);
  writes.set(socket, way);
  if (!way.write(id, Buffer.from(`${text.length}#${text}`, 'latin1'))) {
    // Whoever waits for its echo hears that it failed, once drachtio-srf has noted who that is.
    setImmediate(() => this.emit('msg', socket, `${randomUUID()}|response|${id}|NOK|too long`));
  } else if (message.startsWith('sip|')) {
    const end = message.indexOf(lineBreak);
    const [, txnId = '', dialogId = ''] = message.slice(0, end).split('|');
    pass(this, 'sent', { txnId, dialogId }, message.slice(end + lineBreak.length));
  }
  return id;
}

function pass(
  wire: Wire,
  direction: Passing['direction'],
  ids: Pick<Passing, 'txnId' | 'dialogId'>,
  message: string,
): void {
  const passing: Passing = {
    ...ids,
    direction,
    startLine: message.slice(0, message.indexOf(lineBreak)),
    cseqMethod: () => /\r\ncseq[ \t]*:[ \t]*\d+[ \t]+([a-z]+)/i.exec(message)?.[1],
  };
  wire.emit('passing', passing);
}

function onData(this: Wire, socket: Socket, chunk: Buffer): void {
  const before = pending.get(socket);
  let bytes = before?.length ? Buffer.concat([before, chunk]) : chunk;
  for (let at = bytes.indexOf(hash); at > 0; at = bytes.indexOf(hash)) {
    const length = Number(bytes.toString('latin1', 0, at));
    if (!(length > 0)) {
      socket.destroy(new Error('what drachtio sent has no length'));
      return;
    }
    const end = at + 1 + length;
    if (bytes.length < end) break;
    const frame = bytes.toString('latin1', at + 1, end);
    bytes = bytes.subarray(end);
    pending.set(socket, bytes);
    takeFrame(this, socket, frame);
  }
  pending.set(socket, bytes);
}

function takeFrame(wire: Wire, socket: Socket, frame: string): void {
  const end = frame.indexOf(lineBreak);
  const head = end < 0 ? frame : frame.slice(0, end);
  const fields = head.split('|');
  const [id, type, of] = fields;
  if (type === 'response') writes.get(socket)?.answered(of);
  if (end < 0) {
    wire.emit('msg', socket, frame);
    return;
  }
  const message = frame.slice(end + lineBreak.length);
  const tell = (why: string) =>
    wire.emit('unreadable', { why, address: fields[field.address] ?? '' } satisfies Unreadable);
  if (type === 'sip' && endsDrachtio(fields[field.protocol], message)) {
    tell('Contact without a host');
    return;
  }
  const read = readableHead(message);
  if (read.isReadable) {
    if (type === 'sip') passOn(wire, fields, message);
    wire.emit('msg', socket, `${head}${lineBreak}${read.message}`);
    return;
  }
  const { why } = read;
  if (type === 'response') {
    // The echo of what was sent: whoever waits for it hears that it failed.
    wire.emit('msg', socket, `${id}|response|${of}|NOK|${why}`);
    return;
  }
  tell(why);
  if (/^sip\//i.test(message)) return;
  const reason = `Reason: SIP;cause=400;text="${why}"`;
  wire.send(socket, `sip|${fields[field.transactionId]}|\r\nSIP/2.0 400 Bad Request\r\n${reason}\r\n\r\n`);
}

function passOn(wire: Wire, fields: readonly string[], message: string): void {
  const isOwn = fields[field.source] === 'application';
  // An answer that drachtio made up itself, for want of one, comes from no address.
  if (!isOwn && !fields[field.address]) return;
  const { [field.transactionId]: txnId = '', [field.dialogId]: dialogId = '' } = fields;
  pass(wire, isOwn ? 'sent' : 'received', { txnId, dialogId }, message);
}

/** The insides of drachtio-srf that hold its wire. */
interface Insides {
  app?: { client?: { wp?: EventEmitter } };
}

export interface WireListener {
  /** Of each request that could not be read. */
  unreadable(unreadable: Unreadable): void;
  /** Of each message, before the application acts on it. */
  passing(passing: Passing): void;
}

/** @param srf that has been told to connect */
export function watchWire(srf: unknown, listener: WireListener): void {
  const wire = (srf as Insides).app?.client?.wp;
  wire?.on('unreadable', (unreadable) => listener.unreadable(unreadable));
  wire?.on('passing', (passing) => listener.passing(passing));
}
