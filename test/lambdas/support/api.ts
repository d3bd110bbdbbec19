import { randomBytes } from 'node:crypto';
import { handle } from 'hono/aws-lambda';
import { afterEach } from 'vitest';
import type { OperatorFact } from '../../../contracts/operator-fact.ts';
import { apiApp } from '../../../lambdas/functions/api/app.ts';
import type { ApiDeps } from '../../../lambdas/functions/api/deps.ts';
import { type ApiAnswer, type ApiRequest, apiEvent } from '../../support/api-event.ts';
import { world } from './use-world.ts';

/** Errors that were no answer, of the test's file. */
export const failures: Error[] = [];

/** What the bus was told, of the test's file. */
export const told: OperatorFact[] = [];

/** What gateways told and was not taken, of the test's file. */
export const refusals: Record<string, string>[] = [];

export const reportSecret = 'the secret of gateways';

/** What a test puts in the place of the world's, until its end. */
export let instead: Partial<ApiDeps> = {};
afterEach(() => {
  instead = {};
});

const deps = (): ApiDeps => ({
  table: world.table,
  now: () => world.nowMs,
  freeShards: 1,
  roles: { claim: 'roles', viewer: 'viewer', operator: 'operator' },
  settings: {
    afterCall: 'stop',
    lockLeaseSec: 120,
    waitLimitSec: 90,
    edgeLostGraceSec: 60,
    poolMax: 20,
    poolTimeZone: 'UTC',
    poolPolicy: { policy: 'predictive', minFree: 2 },
  },
  stopTask: world.deps.stopTask,
  tell: async (fact) => {
    told.push(fact);
  },
  tellRecord: (record) => world.deps.tell(record),
  reportSecrets: async () => [reportSecret],
  measure: world.deps.measure,
  refused: (problem, about) => refusals.push({ why: problem.message, ...about }),
  newId: () => randomBytes(8).toString('hex'),
  failed: (error) => failures.push(error),
  ...instead,
});

/** Asks the API over the world of the test that runs, as API Gateway does. @param target path and query, below `/v1` */
export async function ask(target: string, request: ApiRequest = {}): Promise<ApiAnswer> {
  const answer = handle(apiApp(deps()));
  return (await answer(apiEvent(target, request) as unknown as Parameters<typeof answer>[0])) as ApiAnswer;
}

/** @returns what is answered with 200. @throws for any other status */
export async function get<T = Record<string, unknown>>(target: string): Promise<T> {
  const { statusCode, body } = await ask(target);
  if (statusCode !== 200) throw new Error(`${target}: ${statusCode} ${body}`);
  return JSON.parse(body);
}
