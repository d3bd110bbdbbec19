import * as z from 'zod';
import {
  callIdSchema,
  dialogIdSchema,
  edgeIdSchema,
  epochMsSchema,
  peerSchema,
  usernameSchema,
} from './common.ts';
import { exhaustionCauseSchema, outcomeSchema } from './outcomes.ts';
import { traceIdSchema } from './trace.ts';

/*
 * Commands are invoked (Lambda Invoke, RequestResponse) because their answer decides a SIP answer.
 * Each is idempotent: the edge asks again after a lost reply and gets the same answer.
 */

/** Commands of one function that came together at an edge; a table writes as many refreshes at once. */
export const mostBatched = 25;

/** @param command the schema of one of them. A batch of none keeps a function warm. */
export const batchOf = <Command extends z.ZodType>(command: Command) =>
  z.object({ batch: z.array(command).max(mostBatched) });

/** Each command is answered for itself, in their order, or named the error that it ended with. */
export const batchAnswerOf = <Answer extends z.ZodType>(answer: Answer) =>
  z.object({ answers: z.array(z.union([z.object({ answer }), z.object({ error: z.string() })])) });

/** One answer of a batch. */
export type BatchedAnswer<Answer> = { answer: Answer } | { error: string };

const contactUriSchema = z.string().min(1).max(512);

/** One Contact of a REGISTER. `expiresSec` is what the edge grants (already raised or cut), 0 removes it. */
export const contactSchema = z.object({
  uri: contactUriSchema,
  expiresSec: z.number().int().min(0).max(3600),
  q: z.number().min(0).max(1).optional(),
});
export type Contact = z.infer<typeof contactSchema>;

const registrationSchema = z.object({
  username: usernameSchema,
  /** The REGISTER's Call-ID. */
  registrationId: callIdSchema,
  cseq: z.number().int().min(0).max(4294967295),
});

export const registerGatewaySchema = registrationSchema.extend({
  command: z.literal('registerGateway'),
  contacts: z.array(contactSchema).min(1).max(10),
  received: peerSchema,
  edgeId: edgeIdSchema,
  /** The edge has seen this registration before: most likely nothing but its time changes. */
  isKnown: z.boolean().optional(),
});
export type RegisterGateway = z.infer<typeof registerGatewaySchema>;

/** Removes the named contacts, or all (`Contact: *`). Deletes only what this registration may delete. */
export const unregisterGatewaySchema = registrationSchema.extend({
  command: z.literal('unregisterGateway'),
  contacts: z.union([z.literal('*'), z.array(contactUriSchema).min(1).max(10)]),
  received: peerSchema,
});
export type UnregisterGateway = z.infer<typeof unregisterGatewaySchema>;

export const listBindingsSchema = z.object({ command: z.literal('listBindings'), username: usernameSchema });
export type ListBindings = z.infer<typeof listBindingsSchema>;

export const registerCommandSchema = z.discriminatedUnion('command', [
  registerGatewaySchema,
  unregisterGatewaySchema,
  listBindingsSchema,
]);
export type RegisterCommand = z.infer<typeof registerCommandSchema>;

/**
 * Why a registration was refused: its call is over (tombstone), the REGISTER is older than what is held, or it comes from
 * where the gateway's task does not run.
 */
const registrationRefusals = ['call-over', 'out-of-order', 'too-many-contacts', 'not-its-address'] as const;
const registrationRefusalSchema = z.enum(registrationRefusals);

/** The bindings that hold after the command (RFC 3261 10.3 step 8: the answer lists them all). */
export const registerAnswerSchema = z.discriminatedUnion('result', [
  z.object({
    result: z.literal('bindings'),
    contacts: z.array(contactSchema),
    /** True where the gateway was not registered before: the edge then publishes `gateway.registered`. */
    fresh: z.boolean(),
    /** A call that this gateway held and, having started anew, can no longer serve. */
    lostCallId: callIdSchema.optional(),
    lostTraceId: traceIdSchema.optional(),
    /** The call for which the gateway is locked already: one that waited, and may ask again at once. */
    matchedCallId: callIdSchema.optional(),
    matchedTraceId: traceIdSchema.optional(),
  }),
  z.object({ result: z.literal('refused'), reason: registrationRefusalSchema }),
]);
export type RegisterAnswer = z.infer<typeof registerAnswerSchema>;

/** Who calls: the From of the INVITE, and where it really came from. */
export const callerSchema = z.object({
  uri: z.string().max(512),
  displayName: z.string().max(256).optional(),
  received: peerSchema,
});
export type Caller = z.infer<typeof callerSchema>;

/** How a tried gateway failed: it rejected (it may serve others), or was silent (out until its next REGISTER). */
export const attemptFailureSchema = z.object({
  username: usernameSchema,
  cause: z.enum(['rejected', 'silent']),
  /** The status it answered with, where it did. */
  status: z.number().int().min(300).max(699).optional(),
});
export type AttemptFailure = z.infer<typeof attemptFailureSchema>;

/**
 * Locks a free gateway for a call. Idempotent by (`callId`, `traceId`, `attempt`): the same attempt gets the same gateway.
 * The same Call-ID with another trace id is a call of its own: the caller tried again, or elsewhere.
 * A later attempt releases the gateway of the one before and locks another in one transaction.
 */
export const allocateGatewaySchema = z.object({
  command: z.literal('allocateGateway'),
  callId: callIdSchema,
  edgeId: edgeIdSchema,
  room: z.string().min(1).max(256),
  caller: callerSchema,
  /** 1 for the first gateway of the call. */
  attempt: z.number().int().min(1).max(10),
  /** The gateways that failed this call so far, in order; the last is the one to release now. */
  failed: z.array(attemptFailureSchema).max(9),
  /** A gateway that the caller asked for by its username: this one or none. */
  gateway: usernameSchema.optional(),
  /** The edge's ids of the caller's leg, so that a restarted edge application can end it. */
  callerDialogId: dialogIdSchema.optional(),
  traceId: traceIdSchema.optional(),
});
export type AllocateGateway = z.infer<typeof allocateGatewaySchema>;

export const allocateAnswerSchema = z.discriminatedUnion('result', [
  z.object({
    result: z.literal('granted'),
    username: usernameSchema,
    contact: contactUriSchema,
    received: peerSchema,
    /** The edge that holds the gateway's connection. */
    gatewayEdgeId: edgeIdSchema,
    attempt: z.number().int().min(1),
    /** The lock ends here by itself unless the call is answered before. */
    lockedUntil: epochMsSchema,
  }),
  z.object({
    result: z.literal('waiting'),
    cause: exhaustionCauseSchema,
    /** How many calls wait before this one. */
    ahead: z.number().int().min(0),
    estimateSec: z.number().min(0).optional(),
    askAgainSec: z.number().min(0.1).max(60),
  }),
  z.object({
    result: z.literal('refused'),
    outcome: outcomeSchema,
    cause: exhaustionCauseSchema.optional(),
    /** For people: what neither outcome nor cause says. */
    detail: z.string().max(200).optional(),
    retryAfterSec: z.number().int().min(0).optional(),
  }),
]);
export type AllocateAnswer = z.infer<typeof allocateAnswerSchema>;

/** `waiting`: no gateway yet, but the pool may grow. */
const callStates = ['waiting', 'offered', 'answered', 'ended'] as const;
export const callStateSchema = z.enum(callStates);
export type CallState = z.infer<typeof callStateSchema>;

/** What an edge says of itself with what it asks: each such command renews its lease. */
const edgeSchema = z.object({
  edgeId: edgeIdSchema,
  /** Rises with each start of the edge's application. */
  generation: z.number().int().nonnegative(),
  leaseSec: z.number().int().min(15).max(600),
});
export type EdgeAsk = z.infer<typeof edgeSchema>;

/** Where a page ended: text that is given back, and of which only who made it knows what it means. */
const pageEndSchema = z.string().min(1).max(2000);

/** The calls that an edge holds, page after page: what its application takes over after a restart. */
export const listEdgeCallsSchema = edgeSchema.extend({
  command: z.literal('listEdgeCalls'),
  /** `next` of the page before. */
  after: pageEndSchema.optional(),
});
export type ListEdgeCalls = z.infer<typeof listEdgeCallsSchema>;

export const edgeCallSchema = z.object({
  callId: callIdSchema,
  state: z.enum(['waiting', 'offered', 'answered']),
  /** None while it waits for one. */
  gateway: usernameSchema.optional(),
  /** When it was first offered to a gateway, or began to wait for one. */
  offeredAt: epochMsSchema,
  callerDialogId: dialogIdSchema.optional(),
  gatewayDialogId: dialogIdSchema.optional(),
  traceId: traceIdSchema.optional(),
});
export type EdgeCall = z.infer<typeof edgeCallSchema>;

export const listEdgeCallsAnswerSchema = z.object({
  calls: z.array(edgeCallSchema),
  /** There may be more. */
  next: pageEndSchema.optional(),
});
export type ListEdgeCallsAnswer = z.infer<typeof listEdgeCallsAnswerSchema>;

/**
 * An edge lives, and asks for the calls whose gateway the control plane found gone (its task has stopped): it ends their
 * callers' legs. Every few seconds while it has calls, since nothing else reaches an edge from outside, and less often
 * while it has none.
 */
export const renewEdgeSchema = edgeSchema.extend({ command: z.literal('renewEdge') });
export type RenewEdge = z.infer<typeof renewEdgeSchema>;

export const hangupSchema = z.object({
  callId: callIdSchema,
  traceId: traceIdSchema.optional(),
  /** The gateway that is gone, or that the call has: it may have gone on to another. */
  gateway: usernameSchema,
  /** An operator wants the call ended, on both sides; its gateway is there. */
  asked: z.literal(true).optional(),
});
export type Hangup = z.infer<typeof hangupSchema>;

export const renewEdgeAnswerSchema = z.object({
  hangups: z.array(hangupSchema),
  /** An operator drains the edge: new calls shall go elsewhere, its own go on. */
  draining: z.literal(true).optional(),
});
export type RenewEdgeAnswer = z.infer<typeof renewEdgeAnswerSchema>;
