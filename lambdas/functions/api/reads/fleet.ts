import type * as z from 'zod';
import type { DecisionView, StartView } from '../../../../contracts/api/pool-views.ts';
import type { reads } from '../../../../contracts/api/routes.ts';
import { decisionView, startView } from '../../../domain/fleet/fleet-views.ts';
import { decisionFrom } from '../../../store/items/decision-item.ts';
import { taskFrom } from '../../../store/items/task-item.ts';
import {
  decisionsWatchKey,
  goneWatchKey,
  runningWatchKey,
  startingWatchKey,
  startsWatchKey,
  stoppingWatchKey,
} from '../../../store/keys.ts';
import type { ApiDeps } from '../deps.ts';
import { type PageOf, readPage } from './page.ts';
import { daysLane, watchLane, windowOf } from './window.ts';

type Query = z.output<typeof reads.listStarts.query>;

/** What the fleet decided, and why, newest first. @throws TableUnavailable, ApiProblem */
export function listDecisions(query: Query, { table, now }: ApiDeps): Promise<PageOf<DecisionView>> {
  return readPage(table, {
    ...query,
    cursor: query.cursor,
    lanes: [daysLane(windowOf(query, now()), decisionsWatchKey)],
    view: (item) => decisionView(decisionFrom(item)),
    byTime: true,
  });
}

/** The starts of gateways by when they were asked for, newest first. @throws TableUnavailable, ApiProblem */
export function listStarts(query: Query, { table, now }: ApiDeps): Promise<PageOf<StartView>> {
  const window = windowOf(query, now());
  const open = [startingWatchKey, runningWatchKey, stoppingWatchKey, goneWatchKey];
  return readPage(table, {
    ...query,
    cursor: query.cursor,
    lanes: [...open.map((key) => watchLane([key], window)), daysLane(window, startsWatchKey)],
    view: (item) => startView(taskFrom(item)),
    byTime: true,
  });
}
