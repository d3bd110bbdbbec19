import * as z from 'zod';
import { attemptFailureSchema, callerSchema } from './commands.ts';
import {
  callIdSchema,
  dialogIdSchema,
  edgeIdSchema,
  epochMsSchema,
  peerSchema,
  usernameSchema,
} from './common.ts';
import { exhaustionCauseSchema, outcomeSchema } from './outcomes.ts';
import { toldMessages } from './sip-message.ts';
import { traceIdSchema } from './trace.ts';

/*
 * Facts are published on the EventBridge bus after they happened: at least once, in any order. Every consumer
 * leaves the same table whatever comes twice or early.
 */

/** EventBridge `Source` of all that the edge says. The fact's type is the `DetailType`. */
export const edgeEventSource = 'switchroom.edge';
export const factVersion = 1;

const fact = <T extends string>(type: T) =>
  z.object({
    version: z.literal(factVersion),
    /** A UUID; the same when the fact is sent again. */
    id: z.uuid(),
    type: z.literal(type),
    at: epochMsSchema,
    edgeId: edgeIdSchema,
  });

const callFact = <T extends string>(type: T) =>
  fact(type).extend({ callId: callIdSchema, traceId: traceIdSchema.optional() });

const gatewayRegisteredSchema = fact('gateway.registered').extend({
  username: usernameSchema,
  registrationId: callIdSchema,
  contact: z.string(),
  received: peerSchema,
});

const gatewayUnregisteredSchema = fact('gateway.unregistered').extend({
  username: usernameSchema,
  registrationId: callIdSchema,
});

/** A gateway that held a call is gone, or started anew without it. */
const gatewayLostSchema = callFact('gateway.lost').extend({
  username: usernameSchema,
  cause: z.string(),
});

/**
 * No gateway is free, and the call waits for one: the pool starts one the sooner for it. Said when it begins to, and again
 * while it lasts, ever less often, since a start may have been refused.
 */
const callWaitingSchema = callFact('call.waiting').extend({
  room: z.string(),
  cause: exhaustionCauseSchema,
  /** How many calls wait before this one. */
  ahead: z.number().int().min(0),
  /** How long it has waited; 0 when it begins to. */
  waitedSec: z.number().int().min(0),
});

/** The INVITE goes out to a gateway. One for each attempt. */
const callOfferedSchema = callFact('call.offered').extend({
  room: z.string(),
  caller: callerSchema,
  gateway: usernameSchema,
  attempt: z.number().int().min(1),
});

const callAnsweredSchema = callFact('call.answered').extend({
  gateway: usernameSchema,
  receivedAt: epochMsSchema,
  ringingAt: epochMsSchema.optional(),
  callerDialogId: dialogIdSchema,
  gatewayDialogId: dialogIdSchema,
  ...toldMessages,
});

/** An answered call is over. */
const callEndedSchema = callFact('call.ended').extend({
  gateway: usernameSchema,
  /** `operator`: somebody who runs the service had it ended. */
  by: z.enum(['caller', 'gateway', 'edge', 'operator']),
  outcome: z.enum(['answered', 'gateway-lost', 'edge-lost']),
  answeredAt: epochMsSchema.optional(),
  ...toldMessages,
});

/** The call was refused or came to nothing. `gateway` is the one still locked for it, if any. */
const callFailedSchema = callFact('call.failed').extend({
  outcome: outcomeSchema,
  room: z.string().optional(),
  caller: callerSchema.optional(),
  gateway: usernameSchema.optional(),
  failed: z.array(attemptFailureSchema).max(10),
  detail: z.string().max(500).optional(),
  ...toldMessages,
});

/** The caller gave up. Where the gateway had answered already (CANCEL crossed the 200), its call is over too. */
const callCancelledSchema = callFact('call.cancelled').extend({
  gateway: usernameSchema.optional(),
  gatewayAnswered: z.boolean(),
  ...toldMessages,
});

export const factSchema = z.discriminatedUnion('type', [
  gatewayRegisteredSchema,
  gatewayUnregisteredSchema,
  gatewayLostSchema,
  callWaitingSchema,
  callOfferedSchema,
  callAnsweredSchema,
  callEndedSchema,
  callFailedSchema,
  callCancelledSchema,
]);
export type Fact = z.infer<typeof factSchema>;
export type FactType = Fact['type'];
/** Their types, in the order of docs/events.md. */
export const factTypes = factSchema.options.map(({ shape }) => shape.type.value);
export type FactOf<T extends FactType> = Extract<Fact, { type: T }>;

/** What the `calls` function acts on; the rest is for metrics, the pool and people. */
export const consumedByCalls = [
  'gateway.lost',
  'call.answered',
  'call.ended',
  'call.failed',
  'call.cancelled',
] as const satisfies readonly FactType[];

/** What may change how many gateways are wanted or there: the `fleet` function looks at the pool on each. */
export const consumedByFleet = [
  'gateway.registered',
  'gateway.unregistered',
  'gateway.lost',
  'call.waiting',
  'call.offered',
  'call.ended',
  'call.failed',
  'call.cancelled',
] as const satisfies readonly FactType[];
