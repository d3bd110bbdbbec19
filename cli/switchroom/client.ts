import { setTimeout } from 'node:timers/promises';
import type * as z from 'zod';
import { CommandError } from '../../command-line/command-error.ts';
import { maxPageSize, problemSchema } from '../../contracts/api/common.ts';
import type { Route } from '../../contracts/api/routes.ts';
import { type Target, targetOf, type Where } from './where.ts';

type Input<T> = T extends z.ZodType ? Partial<Record<keyof z.input<T>, string | undefined>> : never;
type Answer<R extends Route> = z.output<R['answer']>;

export interface Request<R extends Route> {
  params?: Record<string, string>;
  query?: Input<R['query']>;
  body?: R['body'] extends z.ZodType ? z.input<R['body']> : never;
}

type Paged = Route & { answer: z.ZodType<{ items: unknown[]; next?: string | undefined }> };
type ItemOf<R extends Paged> = Answer<R>['items'][number];

/** Pages that are asked for at most: a filter that finds little shall not ask for ever. */
const maxPages = 100;

/** By API Gateway, where more is asked than it lets in, and where the table or the function does not answer. */
const busy: ReadonlySet<number> = new Set([429, 503]);
const maxTries = 4;
const busyPauseMs = 500;

/** The API, for a command. */
export class ApiClient {
  readonly #target: Target;

  private constructor(target: Target) {
    this.#target = target;
  }

  /** @throws CommandError where there is no API */
  static async open(where: Where): Promise<ApiClient> {
    return new ApiClient(await targetOf(where));
  }

  /**
   * @returns the answer; undefined where there is no such thing
   * @throws CommandError in one line, whatever is in the way
   */
  async find<R extends Route>(route: R, request: Request<R> = {}): Promise<Answer<R> | undefined> {
    const answer = await this.#send(route, request);
    return answer.status === 404 ? undefined : this.#read(route, answer);
  }

  /** @throws CommandError */
  async ask<R extends Route>(route: R, request: Request<R> = {}): Promise<Answer<R>> {
    const found = await this.find(route, request);
    if (found !== undefined) return found;
    throw new CommandError(`there is no ${route.path} here: is the API of another version?`);
  }

  /**
   * Reads pages until there are enough.
   * @returns the first so many, and how far back was looked where that was not far enough to find them
   * @throws CommandError
   */
  async list<R extends Paged>(
    route: R,
    most: number,
    query: Input<R['query']> = {} as Input<R['query']>,
  ): Promise<{ items: ItemOf<R>[]; searchedUntil?: string }> {
    const items: ItemOf<R>[] = [];
    let cursor: string | undefined;
    let searchedUntil: string | undefined;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const page = await this.#page(route, query, Math.min(maxPageSize, most - items.length), cursor);
      items.push(...page.items);
      ({ next: cursor, searchedUntil } = page);
      if (cursor === undefined || items.length >= most) return { items };
    }
    return { items, ...(searchedUntil !== undefined && { searchedUntil }) };
  }

  /** All of a list, page by page, however long it is. @throws CommandError */
  async *all<R extends Paged>(route: R, query: Input<R['query']>): AsyncGenerator<ItemOf<R>[]> {
    let cursor: string | undefined;
    do {
      const page = await this.#page(route, query, maxPageSize, cursor);
      yield page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /**
   * Asks again and again, by the ETag of the answer before.
   * @param everyMs from one answer to the next question
   * @throws CommandError
   */
  async *poll<R extends Route>(
    route: R,
    request: Request<R>,
    everyMs: number,
  ): AsyncGenerator<Answer<R>, never> {
    let last: { tag: string | null; value: Answer<R> } | undefined;
    for (;;) {
      const answer = await this.#send(route, request, last?.tag ?? undefined);
      if (last === undefined || answer.status !== 304) {
        last = { tag: answer.headers.get('etag'), value: await this.#read(route, answer) };
      }
      yield last.value;
      await setTimeout(everyMs);
    }
  }

  async #page<R extends Paged>(
    route: R,
    query: Input<R['query']>,
    limit: number,
    cursor: string | undefined,
  ) {
    const asked = { ...query, limit: String(limit), ...(cursor !== undefined && { cursor }) };
    return (await this.ask(route, { query: asked as Input<R['query']> })) as {
      items: ItemOf<R>[];
      next?: string;
      searchedUntil?: string;
    };
  }

  async #read<R extends Route>(route: R, answer: Response): Promise<Answer<R>> {
    const json = await jsonOf(answer);
    if (!answer.ok) throw new CommandError(explain(answer.status, json));
    const parsed = route.answer.safeParse(json);
    if (parsed.success) return parsed.data as Answer<R>;
    throw new CommandError('the API answers what this version does not know: is it of another version?');
  }

  /** @param tag of the answer that is known: the same is answered 304 */
  async #send<R extends Route>(
    route: R,
    { params = {}, query, body }: Request<R>,
    tag?: string,
  ): Promise<Response> {
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    );
    const url = new URL(`${this.#target.address}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const text = body === undefined ? undefined : JSON.stringify(body);
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#fetch(url, route.method.toUpperCase(), text, tag);
      // What asks again and again, or for many pages, shall not end for one second of many questions.
      if (route.method !== 'get' || !busy.has(answer.status) || tries === maxTries) return answer;
      await setTimeout(tries * busyPauseMs);
    }
  }

  async #fetch(url: URL, method: string, text: string | undefined, tag?: string): Promise<Response> {
    try {
      const signed = await this.#target.sign(method, url, text);
      return await fetch(url, {
        method,
        headers: {
          ...(text !== undefined && { 'content-type': 'application/json' }),
          ...(tag !== undefined && { 'if-none-match': tag }),
          ...signed,
        },
        ...(text !== undefined && { body: text }),
      });
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error };
      throw new CommandError(`${url.origin} cannot be asked: ${cause?.message || message}`);
    }
  }
}

async function jsonOf(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    return undefined;
  }
}

function explain(status: number, json: unknown): string {
  const problem = problemSchema.safeParse(json);
  if (problem.success) {
    const { title, detail, errors = [] } = problem.data;
    const fields = errors.map(({ field, message }) => `${field}: ${message}`);
    return [...(fields.length > 0 && detail === undefined ? [] : [detail ?? title]), ...fields].join('; ');
  }
  if (status === 401) return 'the API does not take this token: it is wrong, or has run out';
  if (status === 403) {
    return 'not allowed to ask the API: execute-api:Invoke is needed for this route (docs/api.md)';
  }
  if (status === 429) return 'the API is asked more than it takes a second: try again';
  return `the API answers ${status}`;
}
