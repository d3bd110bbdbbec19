/* Lists and parameters, as they stand in most header values (RFC 3261 7.3.1, 25.1). */

/** Parameters by lower-case name; a flag without a value has `''`. Quotes are taken off. */
export type Params = Map<string, string>;

const code = { quote: 34, backslash: 92, open: 60, close: 62 } as const;

/** @returns the index of the next `separator` from `start` that is not within quotes or angle brackets, or the length */
export function endOfPart(value: string, start: number, separator: ',' | ';'): number {
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

/**
 * Splits a header value at the top-level occurrences of `separator`: not within quotes or angle brackets.
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

/** @returns the elements of all lines under a list header (Contact, Route, Record-Route, Via) in order */
export function listOf(lines: readonly string[]): string[] {
  return lines.flatMap((line) => splitOutside(line, ',').filter((element) => element !== ''));
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

/** @returns the text as a quoted-string */
export const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
