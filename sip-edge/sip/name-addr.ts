/** A `name-addr` or `addr-spec` with its header parameters (RFC 3261 25.1): From, To, Contact. */
export interface ParsedNameAddr {
  /** Unquoted and unescaped; undefined where there is none. */
  displayName: string | undefined;
  uri: string;
  /** Names in lower case, values unquoted; '' for a parameter without a value. */
  params: ReadonlyMap<string, string>;
}

const maxHeaderLength = 8192;
const maxParams = 32;

const quoted = /\s*"((?:[^"\\]|\\[\s\S])*)"/y;
const tokens = /[^"<>,;]*/y;
const bracketed = /\s*<([^<>"]*)>/y;
const param = /\s*;\s*([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s;,"<>]*)))?/y;
const comma = /\s*,\s*/y;
const space = /\s*/y;

/** A sticky regular expression at work on one text. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }
}

const unescapeQuoted = (text: string) => text.replace(/\\([\s\S])/g, '$1');

function takeAddress(scanner: Scanner): Omit<ParsedNameAddr, 'params'> | undefined {
  const quotedName = scanner.take(quoted);
  if (quotedName) {
    const uri = scanner.take(bracketed)?.[1];
    return uri === undefined
      ? undefined
      : { displayName: unescapeQuoted(quotedName[1] ?? ''), uri: uri.trim() };
  }
  const bare = scanner.take(tokens)?.[0] ?? '';
  const uri = scanner.take(bracketed)?.[1];
  if (uri !== undefined) return { displayName: bare.trim() || undefined, uri: uri.trim() };
  // Without brackets the parameters belong to the header (RFC 3261 20.10), so the URI ends at `;`.
  const addrSpec = bare.trim();
  return addrSpec === '' || /\s/.test(addrSpec) ? undefined : { displayName: undefined, uri: addrSpec };
}

function takeParams(scanner: Scanner): Map<string, string> | undefined {
  const params = new Map<string, string>();
  for (let match = scanner.take(param); match; match = scanner.take(param)) {
    const [, name = '', quotedValue, value = ''] = match;
    if (params.size === maxParams) return undefined;
    params.set(name.toLowerCase(), quotedValue === undefined ? value : unescapeQuoted(quotedValue));
  }
  return params;
}

/**
 * Reads a header of one or more addresses, separated by commas.
 * @param header the header's value, at most 8192 characters
 * @param limit the most addresses to take
 * @returns the addresses in order, or undefined where the header is malformed, too long or has too many
 */
export function parseNameAddrs(header: string, limit: number): ParsedNameAddr[] | undefined {
  if (header.length > maxHeaderLength) return undefined;
  const scanner = new Scanner(header);
  const found: ParsedNameAddr[] = [];
  do {
    const address = takeAddress(scanner);
    const params = takeParams(scanner);
    if (address === undefined || params === undefined || found.length === limit) return undefined;
    found.push({ ...address, params });
  } while (scanner.take(comma));
  scanner.take(space);
  return scanner.atEnd ? found : undefined;
}

/** @returns the one address of a From or To, or undefined where it is malformed */
export function parseNameAddr(header: string): ParsedNameAddr | undefined {
  return parseNameAddrs(header, 1)?.[0];
}
