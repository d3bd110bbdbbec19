/*
 * Header values are bytes, one character each, so that what nobody reads comes back as it was. Text is UTF-8 (RFC 3261
 * 7.3.1), but devices send Latin-1 as well: it is decoded only where it is read as text, and encoded where it is made.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is outside is no ASCII
const ascii = /^[\x00-\x7f]*$/;

/** @returns the text of a header value: as UTF-8 where it is that, else as Latin-1 */
export function textOf(value: string): string {
  if (ascii.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch (error) {
    if (error instanceof TypeError) return value;
    throw error;
  }
}

/** @returns text as a header value carries it: its UTF-8, one character a byte */
export function headerOf(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Blanks around a value are not of it (RFC 3261 25.1: LWS). JavaScript's own trim takes bytes of UTF-8 for blanks. */
export function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

const isBlank = (code: number): boolean => code === 32 || code === 9;
