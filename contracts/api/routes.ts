import * as z from 'zod';
import { edgeIdSchema, usernameSchema } from '../common.ts';
import { gatewayStateSchema } from '../gateway-state.ts';
import { outcomeSchema } from '../outcomes.ts';
import { type ProblemType, pageOf, pageQuery, windowQuery } from './common.ts';
import {
  daySchema,
  decisionViewSchema,
  meSchema,
  settingsViewSchema,
  startViewSchema,
  statusSchema,
} from './pool-views.ts';
import {
  callDetailSchema,
  callRecordViewSchema,
  callViewSchema,
  edgeViewSchema,
  failuresSchema,
  gatewayViewSchema,
} from './views.ts';

/** `viewer` reads; `operator` reads and acts. */
export const roles = ['viewer', 'operator'] as const;
export type Role = (typeof roles)[number];

/** Below it stands what gateways tell. What people and programs ask stands below `/v1` and `/iam/v1`. */
export const gatewayDoor = '/gateway/v1';

/** One route: what it takes and what it answers. Server, command line and the OpenAPI document are made from it. */
export interface Route {
  method: 'get' | 'post' | 'put' | 'delete';
  /** Below `/v1` and `/iam/v1`, that of a gateway below `gatewayDoor`; with `{name}` for a parameter. */
  path: string;
  summary: string;
  /** `gateway`: each may tell of itself, and nothing else. */
  role: Role | 'gateway';
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodObject;
  answer: z.ZodType;
  /** What may go wrong, beside what may everywhere. */
  problems?: readonly ProblemType[];
}

const read = <T extends Omit<Route, 'method' | 'role'>>(route: T) =>
  ({ ...route, method: 'get', role: 'viewer' }) as const satisfies Route;

/** Shorter ones would find too much. */
const beginning = z.string().min(3, 'takes three characters or more').max(256).optional();
const byId = z.object({ id: z.string().min(1).max(600) });

export const reads = {
  getMe: read({ path: '/me', summary: 'Who asks, and what they may do', answer: meSchema }),
  getStatus: read({
    path: '/status',
    summary: 'How it stands: one answer for an overview',
    answer: statusSchema,
  }),
  listGateways: read({
    path: '/gateways',
    summary: 'The registered gateways',
    query: z.object({
      ...pageQuery,
      state: gatewayStateSchema.optional(),
      username: beginning.meta({ description: 'Those whose username begins so' }),
    }),
    answer: pageOf(gatewayViewSchema),
  }),
  getGateway: read({
    path: '/gateways/{username}',
    summary: 'One gateway',
    params: z.object({ username: usernameSchema }),
    answer: gatewayViewSchema,
    problems: ['not-found'],
  }),
  listLiveCalls: read({
    path: '/calls/live',
    summary: 'The calls in progress, and those that wait',
    query: z.object({
      ...pageQuery,
      callId: beginning.meta({ description: 'Those whose Call-ID begins so' }),
    }),
    answer: pageOf(callViewSchema),
  }),
  listCalls: read({
    path: '/calls',
    summary: 'The calls that are over, the last one first',
    query: z.object({
      ...pageQuery,
      ...windowQuery,
      outcome: outcomeSchema.optional(),
      room: z.string().max(256).optional(),
      caller: z
        .string()
        .max(512)
        .optional()
        .meta({ description: "Text in the caller's URI, or in its display name" }),
      gateway: beginning.meta({ description: 'Those offered to a gateway whose username begins so' }),
      edge: edgeIdSchema.optional(),
      callId: beginning.meta({
        description:
          'Those with this Call-ID, in progress or over; where there is none, those that are over and begin so',
      }),
    }),
    answer: pageOf(callViewSchema),
  }),
  getCall: read({
    path: '/calls/{id}',
    summary: 'One call with its timeline and its SIP messages',
    params: byId,
    answer: callDetailSchema,
    problems: ['not-found'],
  }),
  listRecords: read({
    path: '/records',
    summary: 'The call detail records of calls that are over, the last one first',
    query: z.object({ ...pageQuery, ...windowQuery }),
    answer: pageOf(callRecordViewSchema),
  }),
  getFailures: read({
    path: '/failures',
    summary: 'How many calls failed, by what they have in common',
    query: z.object({
      ...windowQuery,
      by: z.enum(['outcome', 'detail', 'gateway', 'edge', 'caller', 'room']).default('outcome'),
    }),
    answer: failuresSchema,
  }),
  getDay: read({
    path: '/day',
    summary: 'A day by the minute: gateways by state, calls, waits, failures, and what the policy expected',
    query: z.object({
      day: z.iso.date().optional().meta({ description: 'A day of UTC of the last 30; today unless given' }),
    }),
    answer: daySchema,
  }),
  listStarts: read({
    path: '/starts',
    summary: 'The starts of gateways, the last one first',
    query: z.object({ ...pageQuery, ...windowQuery }),
    answer: pageOf(startViewSchema),
  }),
  listDecisions: read({
    path: '/decisions',
    summary: 'What the fleet function decided, and why',
    query: z.object({ ...pageQuery, ...windowQuery }),
    answer: pageOf(decisionViewSchema),
  }),
  listEdges: read({
    path: '/edges',
    summary: 'The edges, and their calls',
    answer: z.object({ items: z.array(edgeViewSchema) }),
  }),
  getSettings: read({ path: '/settings', summary: 'The settings in force', answer: settingsViewSchema }),
  getOpenApi: read({
    path: '/openapi.json',
    summary: 'This description (OpenAPI 3.1)',
    answer: z.looseObject({ openapi: z.string() }),
  }),
} as const satisfies Record<string, Route>;
