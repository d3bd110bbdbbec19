import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import WireProtocol from 'drachtio-srf/lib/wire-protocol.js';
import { endsDrachtio } from './deadly-contact.ts';
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

const hash = 35;
const lineBreak = '\r\n';
/** Where they stand among the fields of what drachtio passes on (drachtio.md 4.3). */
const field = { protocol: 4, address: 5, transactionId: 8 } as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all that one byte can hold
const noByte = /[^\x00-\xff]/g;

const pending = new WeakMap<Socket, Buffer>();

/** Makes every connection to drachtio one of bytes: drachtio-srf has no other place for it. */
export function speakInBytes(): void {
  Object.assign(WireProtocol.prototype, { send, _onData: onData });
}

function send(this: Wire, socket: Socket, message: string): string {
  const id = randomUUID();
  const text = `${id}|${message}`.replace(noByte, '?');
  socket.write(Buffer.from(`${text.length}#${text}`, 'latin1'));
  return id;
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
  if (end < 0) {
    wire.emit('msg', socket, frame);
    return;
  }
  const message = frame.slice(end + lineBreak.length);
  const fields = frame.slice(0, end).split('|');
  const [id, type, of] = fields;
  const tell = (why: string) =>
    wire.emit('unreadable', { why, address: fields[field.address] ?? '' } satisfies Unreadable);
  if (type === 'sip' && endsDrachtio(fields[field.protocol], message)) {
    tell('Contact without a host');
    return;
  }
  const read = readableHead(message);
  if (read.isReadable) {
    wire.emit('msg', socket, `${frame.slice(0, end)}${lineBreak}${read.message}`);
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

/** The insides of drachtio-srf that hold its wire. */
interface Insides {
  app?: { client?: { wp?: EventEmitter } };
}

/** @param srf that has been told to connect. @param listener hears of each request that could not be read */
export function onUnreadable(srf: unknown, listener: (unreadable: Unreadable) => void): void {
  (srf as Insides).app?.client?.wp?.on('unreadable', listener);
}
