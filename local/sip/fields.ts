import { isIPv6 } from 'node:net';

/** Parameters by lower-case name; a flag without a value has `''`. Quotes are taken off. */
export type Params = Map<string, string>;

/**
 * Splits a header value at the top-level occurrences of `separator`: not within quotes or angle brackets.
 * @param separator one character, `,` or `;`
 * @returns the trimmed parts; an empty value gives one empty part
 */
export function splitOutside(value: string, separator: ',' | ';'): string[] {
  if (!value.includes(separator)) return [value.trim()];
  const parts: string[] = [];
  let start = 0;
  for (let at = endOfPart(value, 0, separator); at < value.length; at = endOfPart(value, start, separator)) {
    parts.push(value.slice(start, at).trim());
    start = at + 1;
  }
  parts.push(value.slice(start).trim());
  return parts;
}

const code = { quote: 34, backslash: 92, open: 60, close: 62 } as const;

/** @returns where the first element of a comma-separated list ends */
export function endOfFirstElement(list: string): number {
  return endOfPart(list, 0, ',');
}

/** @returns the index of the next top-level `separator` from `start`, or the length */
function endOfPart(value: string, start: number, separator: string): number {
  const wanted = separator.charCodeAt(0);
  let quoted = false;
  let bracketed = false;
  for (let at = start; at < value.length; at++) {
    const char = value.charCodeAt(at);
    if (quoted) {
      if (char === code.backslash) at++;
      else if (char === code.quote) quoted = false;
    } else if (char === code.quote && !bracketed) quoted = true;
    else if (char === code.open) bracketed = true;
    else if (char === code.close) bracketed = false;
    else if (char === wanted && !bracketed) return at;
  }
  return value.length;
}

/** @returns the parameters of `;a=1;b;c="x"` from `start` on */
export function parseParams(text: string, start = 0): Params {
  const params: Params = new Map();
  if (start >= text.length) return params;
  for (const part of splitOutside(text.slice(start), ';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) params.set(part.toLowerCase(), '');
    else
      params.set(part.slice(0, equals).trimEnd().toLowerCase(), unquote(part.slice(equals + 1).trimStart()));
  }
  return params;
}

/** Takes the quotes and escapes off a quoted-string; other text stays as it is. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  const inner = text.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner;
}

/** One hop of a Via (RFC 3261 20.42). */
export interface Via {
  /** `UDP`, `TCP`, … as written, upper case. */
  protocol: string;
  /** Without the brackets of an IPv6 reference. */
  host: string;
  port?: number;
  params: Params;
}

/** @returns the first hop of a Via line, or undefined where it is malformed */
export function parseVia(line: string): Via | undefined {
  const end = endOfPart(line, 0, ',');
  const hop = end === line.length ? line : line.slice(0, end);
  const semicolon = hop.indexOf(';');
  const sent = semicolon < 0 ? hop : hop.slice(0, semicolon);
  const match = /^\s*SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]+)\s+(\S(?:.*\S)?)\s*$/i.exec(sent);
  if (!match) return undefined;
  const hostPort = parseHostPort(match[2] as string);
  if (!hostPort) return undefined;
  const params = semicolon < 0 ? new Map<string, string>() : parseParams(hop, semicolon);
  return { protocol: (match[1] as string).toUpperCase(), ...hostPort, params };
}

const hostPattern = /^[A-Za-z0-9._-]+$/;

/** @returns host (no brackets) and port of `host`, `host:port`, `[v6]:port`, or undefined where malformed */
export function parseHostPort(text: string): { host: string; port?: number } | undefined {
  let host = text;
  let portText: string | undefined;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return undefined;
    host = text.slice(1, close);
    if (!isIPv6(host)) return undefined;
    const rest = text.slice(close + 1).trim();
    if (rest !== '') {
      if (!rest.startsWith(':')) return undefined;
      portText = rest.slice(1).trim();
    }
  } else {
    const colon = text.indexOf(':');
    if (colon >= 0) {
      host = text.slice(0, colon).trimEnd();
      portText = text.slice(colon + 1).trimStart();
    }
    if (!hostPattern.test(host)) return undefined;
  }
  if (portText === undefined) return { host };
  if (!/^\d{1,5}$/.test(portText)) return undefined;
  const port = Number(portText);
  return port < 1 || port > 65535 ? undefined : { host, port };
}

/** @returns `host:port`, IPv6 in brackets */
export function formatHostPort(host: string, port?: number): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}

export interface CSeq {
  number: number;
  method: string;
}

/** @returns the sequence number and method, or undefined where malformed or above 2^31-1 (RFC 3261 8.1.1.5) */
export function parseCSeq(value: string): CSeq | undefined {
  const match = /^(\d{1,10})\s+([A-Za-z0-9\-.!%*_+`'~]+)$/.exec(value);
  if (!match) return undefined;
  const number = Number(match[1]);
  return number > 2_147_483_647 ? undefined : { number, method: match[2] as string };
}

/** From, To, one Contact or Route: `"name" <uri>;params` or `uri;params` (RFC 3261 20.10). */
export interface NameAddr {
  display?: string;
  uri: string;
  /** The header's parameters (tag, expires, q), not the URI's. */
  params: Params;
}

/** @returns the parts, or undefined where malformed. One element only: split a list with `splitOutside` first. */
export function parseNameAddr(value: string): NameAddr | undefined {
  const open = indexOfOpenBracket(value);
  if (open < 0) {
    // Without brackets the parameters are the header's (RFC 3261 20.10).
    const semicolon = value.indexOf(';');
    const uri = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
    if (uri === '' || /[\s"<>]/.test(uri)) return undefined;
    return { uri, params: semicolon < 0 ? new Map() : parseParams(value, semicolon) };
  }
  const close = value.indexOf('>', open);
  if (close < 0) return undefined;
  const uri = value.slice(open + 1, close).trim();
  const rest = value.slice(close + 1).trimStart();
  if (uri === '' || (rest !== '' && !rest.startsWith(';'))) return undefined;
  const display = unquote(value.slice(0, open).trim());
  const params = parseParams(rest);
  return display === '' ? { uri, params } : { display, uri, params };
}

function indexOfOpenBracket(value: string): number {
  if (!value.includes('"')) return value.indexOf('<');
  let quoted = false;
  for (let at = 0; at < value.length; at++) {
    const char = value.charCodeAt(at);
    if (quoted) {
      if (char === code.backslash) at++;
      else if (char === code.quote) quoted = false;
    } else if (char === code.quote) quoted = true;
    else if (char === code.open) return at;
  }
  return -1;
}

/** @returns the tag of a From or To, or undefined. Read without parsing the rest: it is wanted of every message. */
export function tagOf(value: string): string | undefined {
  const close = value.lastIndexOf('>');
  const from = close < 0 ? value.indexOf(';') : close + 1;
  if (from < 0 || from >= value.length) return undefined;
  const match = /;\s*tag\s*=\s*([^\s;,]+)/i.exec(from === 0 ? value : value.slice(from));
  return match?.[1];
}

/** @returns the elements of all lines under a list header (Contact, Route, Record-Route, Via) in order */
export function listOf(lines: readonly string[]): string[] {
  const elements: string[] = [];
  for (const line of lines) {
    for (const element of splitOutside(line, ',')) if (element !== '') elements.push(element);
  }
  return elements;
}
