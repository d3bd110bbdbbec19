/**
 * The gateway (SIPMediaGW, src/ivr.py and src/browsing.py) puts a caller's name into a URL and into a line of JavaScript as
 * it stands. What could end its field there, or means something to one of the parsers on the way (SIP, JSON, URL, HTML), is
 * replaced by what looks like it.
 */
const lookalikes = new Map([
  ["'", '\u2019'],
  ['`', '\u2019'],
  ['"', '\u201d'],
  ['\\', '/'],
  ['<', '\u2039'],
  ['>', '\u203a'],
  ['{', '('],
  ['}', ')'],
  ['#', '\uff03'],
  ['$', '\uff04'],
  ['%', '\uff05'],
  ['&', '\uff06'],
  ['+', '\uff0b'],
  // The gateway looks for the length of baresip's message, as digits before a colon, in the message as well.
  [':', '\u2236'],
]);
const special = /['`"\\<>{}#$%&+:]/g;

const blanks = /[\p{Zs}\p{Zl}\p{Zp}\t\r\n]+/gu;
/** Also those that turn the direction of what follows; not the joiners (U+200C, U+200D), without which scripts and emoji fall apart. */
const invisible = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

const plain = /^[\w .-]*$/;

/**
 * @param text from the network
 * @param maxLength in UTF-16 units
 * @returns it as a name that means the same to people, and nothing to the gateway; '' where nothing can be seen of it
 */
export function readableName(text: string, maxLength: number): string {
  return cutText(plain.test(text) ? text.trim() : replaced(text), maxLength).trimEnd();
}

const replaced = (text: string) =>
  text
    .replace(blanks, ' ')
    .replace(invisible, '')
    .replace(special, (char) => lookalikes.get(char) ?? '')
    .trim();

/** Cuts without splitting a character. */
function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a surrogate pair at the end becomes U+FFFD, which has the same length.
  const cut = text.slice(0, maxLength);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
