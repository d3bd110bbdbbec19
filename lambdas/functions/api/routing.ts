import type { Context, Hono } from 'hono';
import type { LambdaContext, LambdaEvent } from 'hono/aws-lambda';
import type * as z from 'zod';
import type { Route } from '../../../contracts/api/routes.ts';
import { type Access, type Authorizer, accessOf } from './access.ts';
import type { ApiDeps } from './deps.ts';
import { ApiProblem } from './problem.ts';

export interface Env {
  Bindings: { event: LambdaEvent; lambdaContext: LambdaContext };
}

type Fields<T> = T extends z.ZodType ? z.output<T> : undefined;

/** What a route's work gets of the request: all of it read by the route's schemas. */
export interface Asked<R extends Route> {
  params: Fields<R['params']>;
  query: Fields<R['query']>;
  body: Fields<R['body']>;
  access: Access;
  idempotencyKey: string | undefined;
}

export type Work<R extends Route> = (asked: Asked<R>) => Promise<z.input<R['answer']>> | z.input<R['answer']>;

const maxKeyLength = 128;

/** `{name}` of a contract is `:name` here. */
const pathOf = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1');

/**
 * Serves a route: who may not, or asks wrongly, is told so before any work is done.
 * @param work gives the answer; what it throws is answered by the app
 */
export function serve<R extends Route>(app: Hono<Env>, route: R, deps: ApiDeps, work: Work<R>): void {
  app.on(route.method.toUpperCase(), pathOf(route.path), async (c) => {
    const access = accessOf(authorizerOf(c), deps.roles);
    if (route.role === 'operator' && access.role !== 'operator') throw new ApiProblem('forbidden');
    const errors: { field: string; message: string }[] = [];
    const asked = {
      params: fields(route.params, c.req.param(), errors),
      query: fields(route.query, c.req.query(), errors),
      body: route.body && fields(route.body, await bodyOf(c), errors),
      access,
      idempotencyKey: keyOf(c, errors),
    };
    if (errors.length > 0) throw new ApiProblem('invalid-request', { errors });
    return c.json((await work(asked as Asked<R>)) as object);
  });
}

function authorizerOf(c: Context<Env>): Authorizer | undefined {
  const { requestContext } = c.env.event as { requestContext?: { authorizer?: Authorizer } };
  return requestContext?.authorizer;
}

function fields(
  schema: z.ZodObject | undefined,
  given: unknown,
  errors: { field: string; message: string }[],
): unknown {
  if (schema === undefined) return undefined;
  // What a route does not know is a mistake of who asks: a filter that is misspelt would find too much.
  const parsed = schema.strict().safeParse(given);
  if (parsed.success) return parsed.data;
  errors.push(...problemsOf(parsed.error));
  return undefined;
}

/** What is wrong with what a schema was given, and where. */
export function problemsOf(error: z.ZodError): { field: string; message: string }[] {
  return error.issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }));
}

async function bodyOf(c: Context<Env>): Promise<unknown> {
  if (!c.req.header('content-type')?.startsWith('application/json')) {
    throw new ApiProblem('invalid-request', { detail: 'the body must be application/json' });
  }
  try {
    return await c.req.json();
  } catch {
    throw new ApiProblem('invalid-request', { detail: 'the body is no JSON' });
  }
}

function keyOf(c: Context<Env>, errors: { field: string; message: string }[]): string | undefined {
  const key = c.req.header('idempotency-key');
  if (key !== undefined && (key === '' || key.length > maxKeyLength)) {
    errors.push({ field: 'Idempotency-Key', message: `takes 1 to ${maxKeyLength} characters` });
  }
  return key;
}
