import { UnsupportedError } from '../http/errors.ts';

/* Which route serves a request ("Create routes for HTTP APIs in API Gateway"). */

export interface RouteKey {
  /** As the template has it, e.g. `ANY /v1/{proxy+}`. */
  text: string;
  /** Undefined for `$default`, which takes what no other does. */
  method?: string;
  parts?: readonly string[];
}

/** @throws UnsupportedError for a key that is none */
export function readRouteKey(text: string): RouteKey {
  if (text === '$default') return { text };
  const [, method, path = ''] = /^([A-Z]+) (\/\S*)$/.exec(text) ?? [];
  if (method === undefined) throw new UnsupportedError(`${text} is no key of a route`);
  return { text, method, parts: path.slice(1).split('/') };
}

const greedy = /^\{(\w+)\+\}$/;
const variable = /^\{(\w+)\}$/;

export interface Match<R> {
  route: R;
  pathParameters: Record<string, string>;
}

/**
 * The most specific route: a whole match before one with a greedy variable, longer before shorter, the method itself
 * before ANY, and `$default` last.
 */
export function matchRoute<R extends { key: RouteKey }>(
  routes: readonly R[],
  method: string,
  path: string,
): Match<R> | undefined {
  const given = path.slice(1).split('/');
  const matches = routes.flatMap((route) => {
    const { key } = route;
    if (key.parts === undefined) return [{ route, pathParameters: {}, rank: -1 }];
    if (key.method !== method && key.method !== 'ANY') return [];
    const pathParameters = parametersOf(key.parts, given);
    return pathParameters === undefined ? [] : [{ route, pathParameters, rank: rankOf(key) }];
  });
  const [best] = matches.sort((a, b) => b.rank - a.rank);
  return best && { route: best.route, pathParameters: best.pathParameters };
}

function rankOf({ parts = [], method }: RouteKey): number {
  const isGreedy = greedy.test(parts.at(-1) ?? '');
  const literal = parts.filter((part) => !part.startsWith('{')).length;
  return (isGreedy ? 0 : 100_000) + literal * 100 + parts.length * 2 + (method === 'ANY' ? 0 : 1);
}

function parametersOf(
  parts: readonly string[],
  given: readonly string[],
): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const rest = greedy.exec(part)?.[1];
    if (rest !== undefined) {
      const value = given.slice(at).join('/');
      return value === '' ? undefined : { ...found, [rest]: value };
    }
    const here = given[at];
    const name = variable.exec(part)?.[1];
    if (here === undefined || (name === undefined ? here !== part : here === '')) return undefined;
    if (name !== undefined) found[name] = here;
  }
  return given.length === parts.length ? found : undefined;
}
