import * as z from 'zod';
import { callStateSchema } from './commands.ts';
import { callIdSchema, edgeIdSchema, epochMsSchema, usernameSchema } from './common.ts';
import { outcomeSchema } from './outcomes.ts';
import { traceIdSchema } from './trace.ts';

/* Read-only commands for people: what `npm run pool` shows, locally and of a deployed stack. */

export const inspectCommandSchema = z.discriminatedUnion('command', [
  z.object({ command: z.literal('listGateways') }),
  z.object({ command: z.literal('listCalls'), limit: z.number().int().min(1).max(1000).default(100) }),
  z.object({ command: z.literal('describeCall'), callId: callIdSchema }),
  z.object({ command: z.literal('listDecisions'), limit: z.number().int().min(1).max(1000).default(50) }),
  z.object({ command: z.literal('listStarts'), limit: z.number().int().min(1).max(1000).default(50) }),
]);
export type InspectCommand = z.input<typeof inspectCommandSchema>;

/** `silent`: it did not answer an INVITE and is out until its next REGISTER. */
const gatewayStates = ['free', 'locked', 'busy', 'silent', 'draining'] as const;
export const gatewayStateSchema = z.enum(gatewayStates);
export type GatewayState = z.infer<typeof gatewayStateSchema>;

export const gatewayViewSchema = z.object({
  username: usernameSchema,
  /** As it counts now: a lock whose lease is over shows as free. */
  state: gatewayStateSchema,
  contact: z.string(),
  /** `address:port;transport` as the edge saw it. */
  received: z.string(),
  edgeId: edgeIdSchema,
  lockedBy: callIdSchema.optional(),
  lockedUntil: epochMsSchema.optional(),
  registeredAt: epochMsSchema,
  /** Epoch seconds, as in the table. */
  expiresAt: z.number().int(),
  taskId: z.string().optional(),
});
export type GatewayView = z.infer<typeof gatewayViewSchema>;

/** One step of a call's timeline. */
export const callStepSchema = z.object({
  at: epochMsSchema,
  step: z.string(),
  gateway: usernameSchema.optional(),
  detail: z.string().optional(),
});
export type CallStep = z.infer<typeof callStepSchema>;

export const callViewSchema = z.object({
  callId: callIdSchema,
  state: callStateSchema,
  room: z.string(),
  callerUri: z.string(),
  gateway: usernameSchema.optional(),
  edgeId: edgeIdSchema,
  outcome: outcomeSchema.optional(),
  /** What all log lines of the call have in common (contracts/trace.ts). */
  traceId: traceIdSchema.optional(),
  /** Its place among those that wait, 1 for the next; only while it does, and in a list. */
  place: z.number().int().min(1).optional(),
  /** When it was first offered to a gateway, or began to wait for one. */
  offeredAt: epochMsSchema,
  answeredAt: epochMsSchema.optional(),
  endedAt: epochMsSchema.optional(),
  /** Oldest first. */
  steps: z.array(callStepSchema),
});
export type CallView = z.infer<typeof callViewSchema>;

const countsSchema = z.object({
  free: z.number(),
  /** Of the free ones those that the fleet did not start. */
  unmanaged: z.number(),
  locked: z.number(),
  busy: z.number(),
  draining: z.number(),
  starting: z.number(),
});

/** Runs in a row that had nothing to do, told as one. */
const quietSchema = z.object({
  rule: z.string(),
  since: epochMsSchema,
  runs: z.number().int().positive(),
});

/** What the fleet decided, and what it saw. */
export const decisionViewSchema = z.object({
  at: epochMsSchema,
  action: z.enum(['start', 'drain']),
  /** Wanted, and done. */
  count: z.number().int(),
  done: z.number().int(),
  /** Why: the rule with its numbers (lambdas/domain/fleet/types.ts, `FleetReason`). */
  reason: z.looseObject({ rule: z.string() }),
  warning: z.string().optional(),
  trigger: z.string(),
  counts: countsSchema,
  managed: z.number().int(),
  waiting: z.number().int(),
  callId: callIdSchema.optional(),
  recentStarts: z.looseObject({ consecutiveFailures: z.number().int() }),
  quiet: quietSchema.optional(),
});
export type DecisionView = z.infer<typeof decisionViewSchema>;

const milliseconds = z.number().nonnegative().optional();

/** A start of a gateway, with how long each phase of it took. */
export const startViewSchema = z.object({
  startId: z.string(),
  taskId: z.string().optional(),
  state: z.enum(['requested', 'starting', 'registered', 'stopping', 'stopped', 'failed']),
  why: z.string(),
  callId: callIdSchema.optional(),
  requestedAt: epochMsSchema,
  registeredAt: epochMsSchema.optional(),
  stoppedAt: epochMsSchema.optional(),
  queuedMs: milliseconds,
  pullingMs: milliseconds,
  bootingMs: milliseconds,
  registeringMs: milliseconds,
  totalMs: milliseconds,
  stopReason: z.string().optional(),
});
export type StartView = z.infer<typeof startViewSchema>;

export const inspectAnswerSchema = z.discriminatedUnion('result', [
  z.object({ result: z.literal('gateways'), gateways: z.array(gatewayViewSchema) }),
  z.object({ result: z.literal('calls'), calls: z.array(callViewSchema) }),
  /** `earlier`: calls with the same Call-ID (the caller tried again, or elsewhere), newest first. */
  z.object({ result: z.literal('call'), call: callViewSchema, earlier: z.array(callViewSchema) }),
  /** Newest first; `quiet`: the runs since then that had nothing to do. */
  z.object({
    result: z.literal('decisions'),
    decisions: z.array(decisionViewSchema),
    quiet: quietSchema.optional(),
  }),
  /** Newest first. */
  z.object({ result: z.literal('starts'), starts: z.array(startViewSchema) }),
  z.object({ result: z.literal('not-found') }),
]);
export type InspectAnswer = z.infer<typeof inspectAnswerSchema>;
