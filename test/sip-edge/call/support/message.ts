/** A SIP message as a test reads it: no more parsing than needed to look at it. */
export interface Message {
  /** Request: the method. Response: undefined. */
  method: string | undefined;
  uri: string | undefined;
  status: number | undefined;
  /** Lower-case names; several of a name are kept in order. */
  headers: Map<string, string[]>;
  body: string;
  raw: string;
}

/** @throws where the message has no such header */
export function header(message: Message, name: string): string {
  const value = message.headers.get(name.toLowerCase())?.[0];
  if (value === undefined) throw new Error(`no ${name} in:\n${message.raw}`);
  return value;
}

export const tagOf = (nameAddr: string): string | undefined => /;tag=([^;]+)/.exec(nameAddr)?.[1];

const longNames: Record<string, string> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  k: 'supported',
};

/**
 * Takes the first whole message off a stream.
 * @returns the message and the bytes after it, or undefined where more must come
 */
export function takeMessage(bytes: Buffer): { message: Message; rest: Buffer } | undefined {
  let start = 0;
  while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++;
  const end = bytes.indexOf('\r\n\r\n', start);
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = bytes.toString('utf8', start, end).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const short = line.slice(0, colon).trim().toLowerCase();
    const name = longNames[short] ?? short;
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const length = Number(headers.get('content-length')?.[0] ?? 0);
  const bodyEnd = end + 4 + length;
  if (bytes.length < bodyEnd) return undefined;
  const [first = '', second = ''] = startLine.split(' ');
  const isResponse = first === 'SIP/2.0';
  const message: Message = {
    method: isResponse ? undefined : first,
    uri: isResponse ? undefined : second,
    status: isResponse ? Number(second) : undefined,
    headers,
    body: bytes.toString('utf8', end + 4, bodyEnd),
    raw: bytes.toString('utf8', start, bodyEnd),
  };
  return { message, rest: bytes.subarray(bodyEnd) };
}

/** Puts a message together; Content-Length is counted in bytes. */
export function format(startLine: string, headers: readonly [string, string][], body = ''): string {
  const lines = [...headers, ['Content-Length', String(Buffer.byteLength(body))]];
  return `${startLine}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
