import * as z from 'zod';
import { callRecordFields, endedBySchema } from '../call-record.ts';
import { attemptFailureSchema, callStateSchema } from '../commands.ts';
import { callIdSchema, edgeIdSchema, usernameSchema } from '../common.ts';
import { gatewayStateSchema, gatewayStates } from '../gateway-state.ts';
import { callMediaSchema } from '../media.ts';
import { outcomeSchema } from '../outcomes.ts';
import { sipMessageSchema } from '../sip-message.ts';
import { traceIdSchema } from '../trace.ts';
import { timeSchema } from './common.ts';

/* What the API shows of calls, gateways and edges. */

/** A call in the API's paths: what stands in `id` of each call. */
const idSchema = z.string().min(1).max(600);

const callReferenceSchema = z
  .object({ id: idSchema, callId: callIdSchema, traceId: traceIdSchema.optional() })
  .meta({
    id: 'CallReference',
    description: 'Which call: its Call-ID, and the trace id that tells tries apart',
  });

export const gatewayViewSchema = z
  .object({
    username: usernameSchema,
    state: gatewayStateSchema.meta({
      description:
        'As a call finds it now: a lock that is over counts as free where nobody can be in its call any more, and as locked until then',
    }),
    since: timeSchema.optional().meta({ description: 'While free, silent or held: since when' }),
    contact: z.string(),
    received: z.string().meta({ description: '`address:port;transport`, as the edge saw it' }),
    edgeId: edgeIdSchema,
    call: callReferenceSchema.optional().meta({ description: 'The call that has it' }),
    lockedUntil: timeSchema.optional().meta({ description: 'Past for a lock that is over' }),
    registeredAt: timeSchema,
    expiresAt: timeSchema,
    taskId: z.string().optional().meta({ description: 'The ECS task that runs it; none: others run it' }),
  })
  .meta({ id: 'Gateway' });
export type GatewayView = z.infer<typeof gatewayViewSchema>;

/** One step of a call's timeline. */
export const callStepSchema = z.object({
  at: timeSchema,
  step: z.string(),
  gateway: usernameSchema.optional(),
  detail: z.string().optional(),
});
export type CallStep = z.infer<typeof callStepSchema>;

const attemptViewSchema = z.object({
  attempt: z.number().int(),
  gateway: usernameSchema,
  offeredAt: timeSchema.optional(),
  failedAt: timeSchema.optional(),
  cause: attemptFailureSchema.shape.cause.optional(),
  status: z.number().int().optional().meta({ description: 'SIP status that the gateway answered' }),
  lostAt: timeSchema.optional(),
  lostCause: z.string().optional(),
});

export const callViewSchema = callReferenceSchema
  .extend({
    state: callStateSchema,
    room: z.string(),
    caller: z.object({
      uri: z.string(),
      displayName: z.string().optional(),
      received: z.string().optional().meta({ description: '`address:port;transport`, as the edge saw it' }),
    }),
    gateway: usernameSchema.optional(),
    edgeId: edgeIdSchema,
    outcome: outcomeSchema.optional(),
    detail: z.string().optional(),
    place: z.number().int().min(1).optional().meta({ description: 'Among those that wait, 1 for the next' }),
    beganAt: timeSchema.meta({
      description: 'When its INVITE came; where that is not known, the first that is known of it',
    }),
    waitingSince: timeSchema.optional(),
    offeredAt: timeSchema.optional(),
    ringingAt: timeSchema.optional(),
    answeredAt: timeSchema.optional(),
    endedAt: timeSchema.optional(),
    endedBy: endedBySchema.optional(),
  })
  .meta({ id: 'Call' });
export type CallView = z.infer<typeof callViewSchema>;

export const callDetailSchema = callViewSchema
  .extend({
    attempts: z.array(attemptViewSchema),
    steps: z.array(callStepSchema).meta({ description: 'Oldest first' }),
    media: callMediaSchema(timeSchema).optional().meta({
      description:
        'How its media went, as its gateway counted it: `sent` to the caller, as RTCP tells, and `received` from there',
    }),
    messages: z.array(sipMessageSchema(timeSchema)).meta({
      description:
        'Its SIP messages in short, oldest first, as its edge received and sent them: those of the set-up once it is answered, the others once it is over. Not those that the SIP server sends and takes by itself (100, retransmissions), and none after the BYE',
    }),
    messagesLeftOut: z.number().int().optional().meta({ description: 'How many more there were' }),
    otherTries: z.array(callViewSchema).meta({
      description: 'Calls with the same Call-ID: the caller tried again, or elsewhere. Newest first',
    }),
  })
  .meta({ id: 'CallDetail' });
export type CallDetail = z.infer<typeof callDetailSchema>;

export const callRecordViewSchema = z.object(callRecordFields(timeSchema)).meta({
  id: 'CallRecord',
  description: 'The call detail record of a call that is over, as call.record tells it',
});
export type CallRecordView = z.infer<typeof callRecordViewSchema>;

export const edgeViewSchema = z
  .object({
    edgeId: edgeIdSchema,
    isUp: z.boolean().meta({ description: 'Its lease holds' }),
    leaseUntil: timeSchema,
    upSince: timeSchema.optional(),
    drainingSince: timeSchema
      .optional()
      .meta({ description: 'An operator drains it: it takes no new calls' }),
    calls: z.number().int().meta({ description: 'Calls that have a gateway, answered or not' }),
  })
  .meta({ id: 'Edge' });
export type EdgeView = z.infer<typeof edgeViewSchema>;

export const gatewayCountsSchema = z.object(
  Object.fromEntries(gatewayStates.map((state) => [state, z.number().int()])) as Record<
    (typeof gatewayStates)[number],
    z.ZodNumber
  >,
);

const failureGroupSchema = z.object({
  value: z.string(),
  count: z.number().int(),
  examples: z.array(callReferenceSchema).max(3),
});

export const failuresSchema = z
  .object({
    by: z.string(),
    from: timeSchema,
    to: timeSchema,
    failed: z.number().int().meta({ description: 'Calls that failed, in what was looked at' }),
    searchedUntil: timeSchema.optional().meta({
      description: 'There were more than one answer counts: it looked back to here',
    }),
    groups: z.array(failureGroupSchema).meta({ description: 'Most first' }),
  })
  .meta({ id: 'Failures' });
export type Failures = z.infer<typeof failuresSchema>;
