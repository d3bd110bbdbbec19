import { type Params, parseParams, splitOutside, unquote } from './parameters.ts';

/** A `name-addr` or `addr-spec` with its header parameters (RFC 3261 20.10, 25.1): From, To, one Contact or Route. */
export interface NameAddr {
  /** Unquoted and unescaped; none where it is empty. */
  displayName?: string;
  uri: string;
  /** The header's parameters (tag, expires, q), not the URI's. */
  params: Params;
}

const maxHeaderLength = 8192;
const maxParams = 32;

const bracketed = /^(?:("(?:[^"\\]|\\[\s\S])*")\s*|([^"<>,;]*))<([^<>"]*)>\s*(;.*)?$/s;
// Blanks are of one part alone: `\s` is more of them than the URI leaves out, which would take a time of their square.
const bare = /^([^ \t\r\n"<>,;]+)[ \t\r\n]*(;.*)?$/s;
const paramName = /^[^ \t\r\n=;,"<>]+$/;

/**
 * @param value one element: a list is split by `parseNameAddrs`
 * @returns the parts, or undefined where it is malformed, too long or has too many parameters
 */
export function parseNameAddr(value: string): NameAddr | undefined {
  if (value.length > maxHeaderLength) return undefined;
  // Without brackets the parameters are the header's, so the URI ends at `;` (RFC 3261 20.10).
  const text = value.trim();
  const match = bracketed.exec(text);
  const [, bareUri, bareParams] = match ? [] : (bare.exec(text) ?? []);
  const uri = (match?.[3] ?? bareUri ?? '').trim();
  if (uri === '') return undefined;
  const params = readParams(match?.[4] ?? bareParams);
  if (params === undefined) return undefined;
  const displayName = unquote((match?.[1] ?? match?.[2] ?? '').trim());
  return displayName === '' ? { uri, params } : { displayName, uri, params };
}

/** Only parameters of the grammar: `;` and a name, with or without a value that has no stray quote or bracket. */
function readParams(text: string | undefined): Params | undefined {
  const parts = text === undefined ? [] : splitOutside(text.slice(1), ';');
  if (parts.length > maxParams) return undefined;
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals).trimEnd();
    const value = equals < 0 ? '' : part.slice(equals + 1).trimStart();
    const isQuoted = /^"(?:[^"\\]|\\[\s\S])*"$/.test(value);
    if (!paramName.test(name) || !(isQuoted || /^[^ \t\r\n;,"<>]*$/.test(value))) return undefined;
  }
  return parseParams(parts.join(';'));
}

/**
 * Reads a header of one or more addresses, separated by commas.
 * @param header the header's value, at most 8192 characters
 * @param limit the most addresses to take
 * @returns the addresses in order, or undefined where one is malformed or there are too many
 */
export function parseNameAddrs(header: string, limit: number): NameAddr[] | undefined {
  if (header.length > maxHeaderLength) return undefined;
  const elements = splitOutside(header, ',');
  if (elements.length > limit) return undefined;
  const found = elements.map(parseNameAddr);
  return found.includes(undefined) ? undefined : (found as NameAddr[]);
}

/** @returns the tag of a From or To, or undefined. Read without parsing the rest: it is wanted of every message. */
export function tagOf(value: string): string | undefined {
  const close = value.lastIndexOf('>');
  const from = close < 0 ? value.indexOf(';') : close + 1;
  if (from < 0 || from >= value.length) return undefined;
  const match = /;\s*tag\s*=\s*([^ \t\r\n;,]+)/i.exec(from === 0 ? value : value.slice(from));
  return match?.[1];
}
