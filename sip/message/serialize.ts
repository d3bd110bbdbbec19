import type { SipMessage } from './message.ts';

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
  if (body.length === 0) return Buffer.from(head, 'latin1');
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  body.copy(bytes, bytes.write(head, 'latin1'));
  return bytes;
}
