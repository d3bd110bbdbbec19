import parser, { type ParsedMessage } from 'drachtio-srf/lib/sip-parser/parser.js';

/*
 * drachtio-srf looks for the parts of every multipart body, whoever sent it, by patterns that take a time of the square of
 * its length: seconds of one packet, in which nobody else is answered. Nothing here reads parts, so it gets the head alone.
 */

const { parseSipMessage } = parser;
const headEnd = '\r\n\r\n';

/** A message of which one character is one byte; undefined where drachtio-srf cannot read its head. */
function parse(message: string, isLazy: boolean): ParsedMessage | undefined {
  const end = message.indexOf(headEnd);
  if (end < 0) return parseSipMessage(message, isLazy);
  const start = end + headEnd.length;
  const parsed = parseSipMessage(message.slice(0, start), isLazy);
  const length = Number(parsed?.headers['content-length'] ?? message.length - start);
  return parsed && Object.assign(parsed, { body: message.slice(start, start + Math.max(0, length)) });
}

/** Makes every body what Content-Length says of it, unread. */
export function takeBodiesWhole(): void {
  parser.parseSipMessage = parse;
}
