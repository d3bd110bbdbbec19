import * as z from 'zod';
import { edgeIdSchema, usernameSchema } from '../common.ts';
import { operatorActions } from '../operator-fact.ts';
import { answerCodeNames } from './answer-codes.ts';
import { pageOf, pageQuery, timeSchema, windowQuery } from './common.ts';
import type { Route } from './routes.ts';

/* What operators do by the API, and what is kept of it. */

const count = z.number().int().min(0).max(10_000);
const reason = z
  .string()
  .trim()
  .min(1, 'must say something')
  .max(200)
  // Those that turn the direction of what follows would make the history say something else.
  .regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]*$/u, 'must be letters that are seen')
  .meta({ description: 'Why: it stands in the history beside who and when' });
const becauseBody = z.object({ reason });
/** A time to come; one without a zone would be read in that of the server. */
const time = z.iso.datetime({ offset: true });

const given = { who: z.string(), at: timeSchema, reason: z.string() };

export const ordersSchema = z
  .object({
    paused: z.object(given).optional(),
    override: z
      .object({ ...given, minFree: count.optional(), maximum: count.optional(), until: timeSchema })
      .optional(),
    reservations: z.array(
      z.object({ ...given, id: z.string(), gateways: count, from: timeSchema, to: timeSchema }),
    ),
  })
  .meta({ id: 'Orders', description: 'What operators have ordered of the pool, and has not run out' });
export type OrdersView = z.infer<typeof ordersSchema>;

export const doneSchema = z
  .object({
    effect: z.string().meta({ description: 'What will happen, and when' }),
    changed: z.boolean().meta({ description: 'false: it was so already' }),
    code: z
      .enum(answerCodeNames)
      .optional()
      .meta({ description: 'Where nothing was changed: why, for programs' }),
  })
  .meta({ id: 'Done' });
export type Done = z.infer<typeof doneSchema>;

export const actionViewSchema = z
  .object({
    ...given,
    action: z.enum(operatorActions),
    subject: z
      .string()
      .meta({ description: 'A Call-ID, a gateway, an edge, `pool`, or the id of a reservation' }),
    details: z.record(z.string(), z.union([z.string(), z.number()])),
  })
  .meta({ id: 'Action' });
export type ActionView = z.infer<typeof actionViewSchema>;

const act = <T extends Omit<Route, 'method' | 'role'>>(route: T) =>
  ({ ...route, method: 'post', role: 'operator' }) as const satisfies Route;

const byUsername = z.object({ username: usernameSchema });
const byEdgeId = z.object({ edgeId: edgeIdSchema });

export const actions = {
  hangUp: act({
    path: '/calls/{id}/hangup',
    summary: 'Hangs up an answered call on both sides, within the two seconds of its edge’s next ask',
    params: z.object({ id: z.string().min(1).max(600) }),
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  drainGateway: act({
    path: '/gateways/{username}/drain',
    summary: 'Lets a gateway of ours go: a free one at once, one in a call after it',
    params: byUsername,
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  stopGateway: act({
    path: '/gateways/{username}/stop',
    summary: 'Stops the task of a gateway now; its call ends as `gateway-lost`',
    params: byUsername,
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  holdGateway: act({
    path: '/gateways/{username}/hold',
    summary: 'Keeps a free gateway out of the pool: no call gets it, and the fleet leaves it as it is',
    params: byUsername,
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  releaseGateway: act({
    path: '/gateways/{username}/release',
    summary: 'A gateway that was held is free again',
    params: byUsername,
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  drainEdge: act({
    path: '/edges/{edgeId}/drain',
    summary: 'An edge takes no new calls, until it is resumed or gone; its calls and registrations go on',
    params: byEdgeId,
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  resumeEdge: act({
    path: '/edges/{edgeId}/resume',
    summary: 'An edge that was drained takes new calls again',
    params: byEdgeId,
    body: becauseBody,
    answer: doneSchema,
    problems: ['not-found', 'conflict'],
  }),
  pausePool: act({
    path: '/pool/pause',
    summary: 'No gateway is started or drained until the pool is resumed; calls go on',
    body: becauseBody,
    answer: doneSchema,
  }),
  resumePool: act({
    path: '/pool/resume',
    summary: 'The policy decides again',
    body: becauseBody,
    answer: doneSchema,
  }),
  overridePool: {
    ...act({
      path: '/pool/override',
      summary: 'Other bounds of the pool for a time, in the place of those before',
      body: z
        .object({
          reason,
          minFree: count.optional().meta({ description: 'At least so many free, whatever the policy wants' }),
          maximum: count
            .optional()
            .meta({ description: 'At most so many, of all states, whatever `poolMax` says' }),
          until: time,
        })
        .refine(({ minFree, maximum }) => minFree !== undefined || maximum !== undefined, {
          message: 'name minFree, maximum or both',
          path: ['minFree'],
        })
        .refine(({ minFree = 0, maximum = minFree }) => minFree <= maximum, {
          message: 'must not be less than minFree',
          path: ['maximum'],
        }),
      answer: doneSchema,
    }),
    method: 'put',
  },
  endOverride: {
    ...act({
      path: '/pool/override',
      summary: 'The bounds of the policy hold again',
      query: z.object({ reason }),
      answer: doneSchema,
    }),
    method: 'delete',
  },
  reserve: act({
    path: '/pool/reservations',
    summary: 'At least so many gateways, free or in calls, from one time to another',
    body: z
      .object({ reason, gateways: count.min(1), from: time, to: time })
      .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
        message: 'must be later than from',
        path: ['to'],
      }),
    answer: doneSchema.extend({ id: z.string() }),
  }),
  endReservation: {
    ...act({
      path: '/pool/reservations/{id}',
      summary: 'Takes a reservation back',
      params: z.object({ id: z.string().min(1).max(64) }),
      query: z.object({ reason }),
      answer: doneSchema,
    }),
    method: 'delete',
  },
} as const satisfies Record<string, Route>;

const read = <T extends Omit<Route, 'method' | 'role'>>(route: T) =>
  ({ ...route, method: 'get', role: 'viewer' }) as const satisfies Route;

/** What is told of it. */
export const actionReads = {
  getOrders: read({
    path: '/pool/orders',
    summary: 'What operators have ordered of the pool, and has not run out',
    answer: ordersSchema,
  }),
  listActions: read({
    path: '/audit',
    summary: 'What operators have done, and why, the last first',
    query: z.object({ ...pageQuery, ...windowQuery }),
    answer: pageOf(actionViewSchema),
  }),
} as const satisfies Record<string, Route>;
