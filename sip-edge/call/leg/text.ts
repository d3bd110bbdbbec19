/**
 * What may not stand in a quoted display name that other parsers read (RFC 3261 25.1: quoted-string): quotes and
 * backslashes end or escape it, angle brackets mislead those who look for the URI, control characters and line
 * ends split the header.
 */
const unsafe = /["\\<>\p{Cc}\u2028\u2029]/gu;
const plain = /^[\w .-]*$/;

/**
 * @param text from the network
 * @returns it without characters that could break out of a quoted string, and without spaces around
 */
export function cleanText(text: string): string {
  if (plain.test(text)) return text.trim();
  return text.toWellFormed().replace(unsafe, '').trim();
}

/**
 * Cuts without splitting a character.
 * @param maxLength in UTF-16 units
 */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a surrogate pair at the end becomes U+FFFD, which has the same length.
  const cut = text.slice(0, maxLength);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
