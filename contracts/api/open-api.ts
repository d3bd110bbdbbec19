import * as z from 'zod';
import { type ProblemType, problemSchema, problems } from './common.ts';
import { gatewayDoor, type Route } from './routes.ts';

/* The OpenAPI 3.1 document of the API, made from its routes: what it says is what the server checks. */

type Json = Record<string, unknown>;

/** What each route may answer beside its own. */
const everywhere: readonly ProblemType[] = ['invalid-request', 'unauthenticated', 'forbidden', 'unavailable'];

/**
 * @param routes by the id of their operation
 * @param version of the software
 */
export function openApi(routes: Readonly<Record<string, Route>>, version: string): Json {
  const schemas: Record<string, unknown> = {};
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => hoisted(schema, io, schemas);
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(routes)) {
    const path = paths[route.path] ?? {};
    path[route.method] = operationOf(operationId, route, schemaOf);
    paths[route.path] = path;
  }
  const problem = schemaOf(problemSchema, 'output');
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchroom',
      version,
      summary: 'The pool of media gateways, its calls, and what those who run it may do',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: '/v1', description: 'With a token of the OIDC issuer' },
      { url: '/iam/v1', description: 'With a signature of AWS (SigV4)' },
    ],
    security: [{ token: [] }, { signature: [] }],
    paths,
    components: {
      schemas,
      responses: Object.fromEntries(
        Object.entries(problems).map(([type, [, meaning]]) => [
          type,
          { description: meaning, content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS Signature Version 4, service execute-api',
        },
        gateway: {
          type: 'http',
          scheme: 'basic',
          description: "A gateway's username, and the password that follows from it (docs/sipmediagw.md)",
        },
      },
    },
  };
}

const audiences: Record<Route['role'], string> = {
  viewer: 'viewers and operators',
  operator: 'operators',
  gateway: 'gateways',
};

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => unknown;

function operationOf(operationId: string, route: Route, schemaOf: SchemaOf): Json {
  const { method, summary, role, body, answer } = route;
  const takesKey = method !== 'get' && role !== 'gateway';
  const refusals = [...everywhere, ...(takesKey ? (['key-reused'] as const) : []), ...(route.problems ?? [])];
  return {
    operationId,
    summary,
    description: `For ${audiences[role]}.`,
    ...(role === 'gateway' && { servers: [{ url: gatewayDoor }], security: [{ gateway: [] }] }),
    parameters: [
      ...parametersOf(route.params, 'path', schemaOf),
      ...parametersOf(route.query, 'query', schemaOf),
      ...(takesKey ? [idempotencyKey] : []),
    ],
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      200: {
        description: 'Done',
        content: { 'application/json': { schema: schemaOf(answer, 'output') } },
      },
      ...Object.fromEntries(
        refusals.map((type) => [problems[type][0], { $ref: `#/components/responses/${type}` }]),
      ),
    },
  };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key again, within a day, gets the same answer, and does nothing again',
  schema: { type: 'string', maxLength: 128 },
};

function parametersOf(fields: z.ZodObject | undefined, place: 'path' | 'query', schemaOf: SchemaOf): Json[] {
  return Object.entries(fields?.shape ?? {}).map(([name, field]) => {
    const schema = field as z.ZodType;
    const { description, ...rest } = schemaOf(schema, 'output') as Json;
    return {
      name,
      in: place,
      required: place === 'path' || !schema.safeParse(undefined).success,
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

/** The schema, with the named ones in it among the components. */
function hoisted(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): unknown {
  const { $schema: _dialect, $defs = {}, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  for (const [name, definition] of Object.entries($defs)) components[name] = relinked(definition);
  const { id } = z.globalRegistry.get(schema) ?? {};
  if (id === undefined) return relinked(own);
  components[id] = relinked(own);
  return { $ref: `#/components/schemas/${id}` };
}

function relinked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relinked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'id' || typeof (value as Json).id !== 'string')
      .map(([name, inner]) => [
        name,
        name === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : relinked(inner),
      ]),
  );
}
