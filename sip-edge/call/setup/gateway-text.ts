/* What a gateway is told in a caller's From, and what its parsers can read of it. */

/**
 * Whose parsers read room and name: those of `sipmediagw`, or of gateways that take both as the caller sent them (`as-sent`).
 * All gateways of a deployment are of one kind: which rooms there are may not depend on which gateway is free.
 */
export const gatewayTexts = ['sipmediagw', 'as-sent'] as const;
export type GatewayText = (typeof gatewayTexts)[number];

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
export function readableName(text: string, maxLength: number, reader: GatewayText): string {
  return cutText(plain.test(text) ? text.trim() : seen(text, reader), maxLength).trimEnd();
}

function seen(text: string, reader: GatewayText): string {
  const visible = text.replace(blanks, ' ').replace(invisible, '').trim();
  return reader === 'as-sent' ? visible : visible.replace(special, (char) => lookalikes.get(char) ?? '');
}

/**
 * A room, with the number of a platform before it or without: what the gateway's menu takes (SIPMediaGW,
 * browsing/assets/IVR/ivr.js). It skips every other character as it reads, drops a room of one digit after a platform, and
 * takes one digit alone as a platform's number, whose room is asked for.
 */
const typedRoom = /^(?![1-9][.#]\d$)(?:[1-9][.#])?[A-Za-z0-9_/-]+$/;
const visibleRoom = /^[^\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+$/u;

/** @returns whether the gateway enters this room where it is told it, and no other */
export const isReadableRoom = (room: string, reader: GatewayText): boolean =>
  (reader === 'as-sent' ? visibleRoom : typedRoom).test(room);

/** Cuts without splitting a character. */
function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  // Half of a surrogate pair at the end becomes U+FFFD, which has the same length.
  const cut = text.slice(0, maxLength);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}
