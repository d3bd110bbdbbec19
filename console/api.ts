import { useEffect, useState } from 'preact/hooks';
import type { Problem, ProblemType } from '../contracts/api/common.ts';
import { told, word } from './words.ts';

/* The API, by the token that this page was opened with. It is kept for this tab alone. */

const tokenKey = 'switchroom-token';

/** Takes the token out of the address, where it was given there, so that no history keeps it. */
export function tokenOfPage(): string | undefined {
  const [, given] = /^#token=([\w.-]+)$/.exec(location.hash) ?? [];
  if (given !== undefined) {
    sessionStorage.setItem(tokenKey, given);
    history.replaceState(null, '', `${location.pathname}#/`);
  }
  return sessionStorage.getItem(tokenKey) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(tokenKey, token);
}

export function forgetToken(): void {
  sessionStorage.removeItem(tokenKey);
}

/** What API Gateway refuses before the API, by its status alone. */
const byGateway: ReadonlyMap<number, ProblemType> = new Map([
  [401, 'unauthenticated'],
  [403, 'forbidden'],
]);

/** What the API refused, in the language of the page. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;

  constructor(status: number, problem: Partial<Problem>) {
    const kind = problem.type?.split(':').at(-1) ?? byGateway.get(status);
    const fields = (problem.errors ?? []).map(({ field }) => told(word.details, field));
    const details = problem.code === undefined ? fields.join(', ') : told(word.answers, problem.code);
    const said = kind === undefined ? word.httpStatus(status) : told(word.problems, kind);
    super(details === '' ? said : `${said}${word.colon}${details}`);
    this.status = status;
  }
}

/**
 * @param path below `/v1`, with its query
 * @throws Refused, and Error where nothing answers
 */
export async function ask<T>(path: string, method = 'GET', body?: object): Promise<T> {
  const request = {
    method,
    headers: {
      authorization: `Bearer ${sessionStorage.getItem(tokenKey) ?? ''}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  };
  const answer = await fetch(`v1${path}`, request).catch((cause: unknown) => {
    throw new Error(word.unreachable, { cause });
  });
  const json: unknown = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, json as Partial<Problem>);
  return json as T;
}

export interface Polled<T> {
  data?: T;
  /** Why there is nothing newer; the data is what was last known. */
  error?: Error;
  /** When the data came, epoch milliseconds. */
  at?: number;
  again: () => void;
}

/** What the API says, asked again and again while the page is seen. The browser's cache makes use of the ETag. */
export function usePolled<T>(path: string, everyMs = 3000): Polled<T> {
  const [state, setState] = useState<{ path: string; data?: T; error?: Error; at?: number }>({ path });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      if (document.visibilityState === 'visible') {
        try {
          const data = await ask<T>(path);
          if (!isOver) setState({ path, data, at: Date.now() });
        } catch (error) {
          if (!isOver)
            setState((last) => ({ ...(last.path === path ? last : { path }), error: error as Error }));
        }
      }
      if (!isOver) timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, everyMs, turn]);
  const { data, error, at } = state.path === path ? state : {};
  return {
    ...(data !== undefined && { data }),
    ...(error && { error }),
    ...(at !== undefined && { at }),
    again: () => setTurn((last) => last + 1),
  };
}
