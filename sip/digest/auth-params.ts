/* The grammar that challenges and credentials share: `Digest a="b", c=d` (RFC 7616 3.3 and 3.4, RFC 9110 11.2). */

export const digestAlgorithms = ['MD5', 'SHA-256'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

/** @returns the algorithm of this name in any case, or undefined for one that is not known here */
export function algorithmOf(name: string): DigestAlgorithm | undefined {
  return digestAlgorithms.find((algorithm) => algorithm === name.toUpperCase());
}

/** One scheme with its parameters: names in lower case, quotes undone. */
export interface AuthSet {
  /** In lower case. */
  scheme: string;
  params: ReadonlyMap<string, string>;
}

export const maxAuthLength = 4096;
const maxSets = 4;
const maxParams = 20;

const scheme = /\s*([A-Za-z][A-Za-z0-9-]*)\s+(?=[A-Za-z*])/y;
const param = /\s*([A-Za-z][A-Za-z0-9*-]*)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s",=]+))\s*/y;
const comma = /\s*,[\s,]*/y;

/** @returns the sets of `Digest a="b", c=d, Digest …`, or undefined where it is malformed, too long or has too many */
export function parseAuthSets(header: string): AuthSet[] | undefined {
  if (header.length > maxAuthLength) return undefined;
  const found: AuthSet[] = [];
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  let params: Map<string, string> | undefined;
  while (at < header.length) {
    const opened = take(scheme);
    if (opened) {
      if (found.length === maxSets) return undefined;
      params = new Map();
      found.push({ scheme: (opened[1] ?? '').toLowerCase(), params });
    }
    const given = take(param);
    if (!given || !params || params.size === maxParams) return undefined;
    const [, name = '', quoted, token = ''] = given;
    const key = name.toLowerCase();
    // A parameter given twice has no one meaning: a checker downstream might take the other.
    if (params.has(key)) return undefined;
    params.set(key, quoted === undefined ? token : quoted.replace(/\\([\s\S])/g, '$1'));
    if (at < header.length && !take(comma)) return undefined;
  }
  return found;
}
