import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { routes } from '../../../contracts/api/all-routes.ts';
import { openApi } from '../../../contracts/api/open-api.ts';
import { gatewayDoor, reads } from '../../../contracts/api/routes.ts';
import {
  NotTold,
  SecretUnavailable,
  TableContention,
  TableUnavailable,
  TaskNotStopped,
} from '../../domain/errors.ts';
import type { ApiDeps } from './deps.ts';
import { serveGateways } from './gateways/serve-gateways.ts';
import { ApiProblem } from './problem.ts';
import { getCall, listCalls, listLiveCalls, listRecords } from './reads/calls.ts';
import { countEdges } from './reads/counts.ts';
import { getDay } from './reads/day.ts';
import { getFailures } from './reads/failures.ts';
import { listDecisions, listStarts } from './reads/fleet.ts';
import { getGateway, listGateways } from './reads/gateways.ts';
import { getStatus } from './reads/status.ts';
import { type Env, serve } from './routing.ts';
import { serveActions } from './serve-actions.ts';

/** What asking again may mend. */
const unavailable = [TableUnavailable, TableContention, TaskNotStopped, NotTold, SecretUnavailable];

/** Grows with what the routes promise. */
const apiVersion = '1.0.0';

/** The API as a web application: requests in, answers out. */
export function apiApp(deps: ApiDeps): Hono<Env> {
  const v1 = new Hono<Env>();
  v1.use(async (c, next) => {
    await next();
    c.header('cache-control', 'no-cache, private');
    c.header('x-content-type-options', 'nosniff');
  });
  // What is polled is answered 304 while it is the same.
  v1.get('*', etag());
  serveReads(v1, deps);
  serveActions(v1, deps);
  const app = new Hono<Env>();
  app.notFound(() =>
    answerOf(
      new ApiProblem('not-found', { detail: 'there is no such route: GET /v1/openapi.json lists them' }),
    ),
  );
  app.onError((error) => answerOf(problemOf(error, deps)));
  // The same behind a token and behind a signature: API Gateway checks one or the other by the path.
  const gateways = new Hono<Env>();
  serveGateways(gateways, deps);
  return app.route('/v1', v1).route('/iam/v1', v1).route(gatewayDoor, gateways);
}

function serveReads(app: Hono<Env>, deps: ApiDeps): void {
  serve(app, reads.getMe, deps, ({ access }) => access);
  serve(app, reads.getStatus, deps, () => getStatus(deps));
  serve(app, reads.listGateways, deps, ({ query }) => listGateways(query, deps));
  serve(app, reads.getGateway, deps, ({ params }) => getGateway(params.username, deps));
  serve(app, reads.listLiveCalls, deps, ({ query }) => listLiveCalls(query, deps));
  serve(app, reads.listCalls, deps, ({ query }) => listCalls(query, deps));
  serve(app, reads.getCall, deps, ({ params }) => getCall(params.id, deps));
  serve(app, reads.listRecords, deps, ({ query }) => listRecords(query, deps));
  serve(app, reads.getFailures, deps, ({ query }) => getFailures(query, deps));
  serve(app, reads.getDay, deps, ({ query }) => getDay(query, deps));
  serve(app, reads.listStarts, deps, ({ query }) => listStarts(query, deps));
  serve(app, reads.listDecisions, deps, ({ query }) => listDecisions(query, deps));
  serve(app, reads.listEdges, deps, async () => ({
    items: (await countEdges(deps)).map(({ view }) => view),
  }));
  serve(app, reads.getSettings, deps, () => deps.settings);
  const document = openApi(routes, apiVersion);
  serve(app, reads.getOpenApi, deps, () => document as { openapi: string });
}

function problemOf(error: Error, { failed }: ApiDeps): ApiProblem {
  if (error instanceof ApiProblem) return error;
  failed(error);
  const isUnavailable = unavailable.some((kind) => error instanceof kind);
  return new ApiProblem(isUnavailable ? 'unavailable' : 'internal');
}

function answerOf(problem: ApiProblem): Response {
  return new Response(JSON.stringify(problem.body), {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  });
}
