import { Agent, type ClientRequest } from 'node:http';
import { engineHeaders } from '../dynamodb/dynamodb.ts';
import { neededFor } from '../iam/needed.ts';
import type { JsonObject } from '../template.ts';

/* A function's way to the table, past the main thread: it stands in the function's own thread. */

export interface ShortWay {
  /** URL of the table engine. */
  engine: string;
  /** Its only element rises whenever something else may be allowed than before (iam/permissions.ts). */
  permissionsSince: Int32Array;
}

/** The part of an agent by which a request gets its socket: inside of Node, and the same since its first versions. */
interface Insides {
  addRequest(request: ClientRequest, options: object): void;
}

/**
 * From now on requests to the table go to its engine at once, where the endpoint has let through the same before: who
 * asks, to do what, with what. The endpoint sees all others, so it refuses what is refused and tells of it. The program
 * knows nothing of that: its requests, errors and time-outs are those of Node.
 */
export function takeShortWay({ engine, permissionsSince }: ShortWay): void {
  const { hostname: host, port } = new URL(engine);
  const allowed = new Set<string>();
  let since = 0;
  const insides = Agent.prototype as unknown as Insides;
  const { addRequest } = insides;

  insides.addRequest = function (this: Insides, request, options) {
    const target = request.getHeader('x-amz-target');
    if (typeof target !== 'string' || !target.startsWith('DynamoDB_')) {
      addRequest.call(this, request, options);
      return;
    }
    // Only its body tells which table it is about: until then it has no socket, and nothing is sent.
    const { end } = request;
    const send = (more: object) => addRequest.call(this, request, { ...options, ...more });
    request.end = ((...args: Parameters<typeof end>) => {
      const now = Atomics.load(permissionsSince, 0);
      if (now !== since) allowed.clear();
      since = now;
      const asked = askedBy(args[0]);
      const needed = asked === undefined ? [] : neededBy(request, target, asked);
      if (needed.length > 0 && needed.every((one) => allowed.has(one))) {
        for (const [name, value] of Object.entries(engineHeaders(target))) request.setHeader(name, value);
        send({ host, port });
        if (asked?.ClientRequestToken !== undefined) {
          const body = Buffer.from(withoutToken(asked));
          request.setHeader('content-length', body.length);
          args[0] = body;
        }
      } else {
        request.once('response', ({ statusCode }) => {
          if (statusCode === 200 && now === since) for (const one of needed) allowed.add(one);
        });
        send({});
      }
      return end.apply(request, args);
    }) as typeof end;
  };
}

/** @returns the request as the body tells it; undefined where it cannot be told from here */
function askedBy(body: unknown): JsonObject | undefined {
  if (!(typeof body === 'string' || body instanceof Uint8Array)) return undefined;
  return JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString()) as JsonObject;
}

/**
 * The SDK gives each transaction a token, so that one that it sends again is done once. dynoxide goes through all tokens
 * of ten minutes at each transaction (`evict_expired` in its lib.rs): at 20 calls/s that soon costs more than the transaction.
 */
function withoutToken({ ClientRequestToken: _, ...asked }: JsonObject): string {
  return JSON.stringify(asked);
}

/** @returns who asks for what, one text for each permission */
function neededBy(request: ClientRequest, target: string, asked: JsonObject): string[] {
  const [, who = ''] = /Credential=([^/]+)\//.exec(String(request.getHeader('authorization'))) ?? [];
  const needed = neededFor(target, asked, { taskDefinition: () => undefined });
  return needed.map(({ action, resource }) => `${who} ${action} ${resource}`);
}
