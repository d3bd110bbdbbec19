import * as z from 'zod';
import { attemptFailureSchema, callerSchema } from './commands.ts';
import { callIdSchema, edgeIdSchema, epochMsSchema, usernameSchema } from './common.ts';
import { callMediaSchema } from './media.ts';
import { outcomeSchema } from './outcomes.ts';
import { traceIdSchema } from './trace.ts';

/*
 * The call detail record: what a call was, told when it is over. One for each call. What becomes known of the call later
 * comes as the same record with a higher revision.
 */

/** EventBridge `Source` of it, and its `DetailType`. */
export const callsEventSource = 'switchroom.calls';
export const callRecordType = 'call.record';

/** `sweep`: nobody said so, its edge was thought lost. */
export const endedBySchema = z.enum(['caller', 'gateway', 'edge', 'operator', 'sweep']);

/** A call is offered to ten gateways at most; of one whose gateways were lost again and again these are told. */
export const mostAttemptsTold = 20;
export const longestDetail = 500;

const seconds = z.number().nonnegative();

/** @param time how times are written: epoch milliseconds on the bus, ISO 8601 in the API */
export const callRecordFields = <T extends z.ZodType>(time: T) => ({
  /** What names the call in the paths of the API. */
  id: z.string().min(1).max(600),
  revision: z.number().int().min(1),
  callId: callIdSchema,
  traceId: traceIdSchema.optional(),
  edgeId: edgeIdSchema,
  room: z.string().optional(),
  caller: callerSchema.optional(),
  gateway: usernameSchema.optional(),
  outcome: outcomeSchema,
  /** Of the final answer to the INVITE. */
  status: z.number().int().min(200).max(699),
  endedBy: endedBySchema.optional(),
  detail: z.string().max(longestDetail).optional(),
  receivedAt: time.optional(),
  waitingSince: time.optional(),
  offeredAt: time.optional(),
  ringingAt: time.optional(),
  answeredAt: time.optional(),
  endedAt: time,
  waitedSec: seconds,
  talkSec: seconds,
  gatewaySec: seconds,
  attempts: z
    .array(
      z.object({
        attempt: z.number().int().min(1),
        gateway: usernameSchema,
        offeredAt: time.optional(),
        failedAt: time.optional(),
        cause: attemptFailureSchema.shape.cause.optional(),
        status: z.number().int().min(300).max(699).optional(),
        lostAt: time.optional(),
      }),
    )
    .max(mostAttemptsTold),
  /** Of a call whose gateway has told it. */
  media: callMediaSchema(time).optional(),
});

export const callRecordSchema = z.object({
  version: z.literal(1),
  type: z.literal(callRecordType),
  /** When the call was over. */
  at: epochMsSchema,
  ...callRecordFields(epochMsSchema),
});
export type CallRecord = z.infer<typeof callRecordSchema>;
