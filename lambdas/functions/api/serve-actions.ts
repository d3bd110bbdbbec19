import type { Hono } from 'hono';
import { actionReads, actions } from '../../../contracts/api/actions.ts';
import type { Route } from '../../../contracts/api/routes.ts';
import { drainEdge, resumeEdge } from './acts/edge.ts';
import { drainGateway, holdGateway, releaseGateway, stopGateway } from './acts/gateway.ts';
import { hangUp } from './acts/hang-up.ts';
import { once } from './acts/once.ts';
import {
  endOverride,
  endReservation,
  getOrders,
  listActions,
  overridePool,
  pausePool,
  reserve,
  resumePool,
} from './acts/pool.ts';
import type { ApiDeps } from './deps.ts';
import { type Asked, type Env, serve, type Work } from './routing.ts';

/** Serves what operators do, and what is kept of it. */
export function serveActions(app: Hono<Env>, deps: ApiDeps): void {
  const act = <R extends Route>(route: R, work: Work<R>) =>
    serve(app, route, deps, (asked: Asked<R>) => once(route, asked, deps, async () => work(asked)));
  act(actions.hangUp, ({ params, body, access }) => hangUp(params.id, body.reason, access, deps));
  act(actions.drainGateway, ({ params, body, access }) =>
    drainGateway(params.username, body.reason, access, deps),
  );
  act(actions.stopGateway, ({ params, body, access }) =>
    stopGateway(params.username, body.reason, access, deps),
  );
  act(actions.holdGateway, ({ params, body, access }) =>
    holdGateway(params.username, body.reason, access, deps),
  );
  act(actions.releaseGateway, ({ params, body, access }) =>
    releaseGateway(params.username, body.reason, access, deps),
  );
  act(actions.drainEdge, ({ params, body, access }) => drainEdge(params.edgeId, body.reason, access, deps));
  act(actions.resumeEdge, ({ params, body, access }) => resumeEdge(params.edgeId, body.reason, access, deps));
  act(actions.pausePool, ({ body, access }) => pausePool(body, access, deps));
  act(actions.resumePool, ({ body, access }) => resumePool(body, access, deps));
  act(actions.overridePool, ({ body, access }) => overridePool(body, access, deps));
  act(actions.endOverride, ({ query, access }) => endOverride(query, access, deps));
  act(actions.reserve, ({ body, access }) => reserve(body, access, deps));
  act(actions.endReservation, ({ params, query, access }) => endReservation(params.id, query, access, deps));
  serve(app, actionReads.getOrders, deps, () => getOrders(deps));
  serve(app, actionReads.listActions, deps, ({ query }) => listActions(query, deps));
}
