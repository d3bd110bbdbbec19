import * as z from 'zod';
import { endedBySchema } from '../../../contracts/call-record.ts';
import { attemptFailureSchema, callerSchema, callStateSchema } from '../../../contracts/commands.ts';
import { peerSchema } from '../../../contracts/common.ts';
import { callMediaSchema } from '../../../contracts/media.ts';
import { isFailure, outcomeSchema } from '../../../contracts/outcomes.ts';
import type { Call } from '../../domain/call/call.ts';
import { latestStepAt } from '../../domain/call/call-record.ts';
import { expiryAfter, isLive } from '../../domain/time.ts';
import type { Item } from '../attributes.ts';
import {
  callKey,
  callsWatchKey,
  endedCallsWatchKey,
  neverAt,
  recordDueWatchKey,
  waitingWatchKey,
} from '../keys.ts';
import { messagesText, messagesTextSchema } from './messages-text.ts';
import { itemReader, itemVersion } from './read-item.ts';

/* A call's record: what the domain knows of it, its place in the `watch` index, and how long it is kept. */

/** How long a call's record is kept after its last step. */
const keptSec = 30 * 24 * 3600;

const text = z.string().exactOptional();
const time = z.number().exactOptional();

const callSchema = z.object({
  callId: z.string(),
  version: z.number(),
  state: callStateSchema,
  edgeId: z.string(),
  room: text,
  caller: callerSchema.exactOptional(),
  attempt: z.number(),
  attempts: z.array(
    z.object({
      attempt: z.number(),
      gateway: z.string(),
      offeredAt: time,
      failedAt: time,
      cause: attemptFailureSchema.shape.cause.exactOptional(),
      status: z.number().exactOptional(),
      lostAt: time,
      lostCause: text,
    }),
  ),
  grant: z
    .object({ contact: z.string(), received: peerSchema, gatewayEdgeId: z.string(), lockedUntil: z.number() })
    .exactOptional(),
  gateway: text,
  registrationId: text,
  taskId: text,
  traceId: text,
  callerDialogId: text,
  gatewayDialogId: text,
  receivedAt: time,
  waitingSince: time,
  askedAt: time,
  offeredAt: time,
  ringingAt: time,
  answeredAt: time,
  endedAt: time,
  endedBy: endedBySchema.exactOptional(),
  outcome: outcomeSchema.exactOptional(),
  detail: text,
  thoughtLostAt: time,
  stopTaskId: text,
  media: callMediaSchema(z.number()).exactOptional(),
  messages: messagesTextSchema.exactOptional(),
  messagesLeftOut: z.number().exactOptional(),
  recordDue: z.literal(true).exactOptional(),
});

/** @returns the call's record, whether or not it ran out. @throws UnreadableItem */
export const callFrom = itemReader(callSchema) as (item: Item) => Call;

/** @returns the call's record; none where it ran out, or there is none. @throws UnreadableItem */
export function callOf(item: Item | undefined, nowMs: number): Call | undefined {
  if (item === undefined || !isLive({ expiresAt: Number(item.expiresAt) }, nowMs)) return undefined;
  return callFrom(item);
}

/**
 * It runs out by its own latest step and not by the time of writing: the same facts leave the same item, whenever and
 * in whatever order they come.
 */
export function callItem(call: Call): Item & { pk: string } {
  return {
    pk: callKey(call),
    v: itemVersion,
    ...call,
    ...(call.messages && { messages: messagesText(call.messages) }),
    ...placeOf(call),
    expiresAt: expiryAfter(latestStepAt(call), keptSec),
  };
}

/**
 * Where somebody looks for it, and from when on: the sweep for open calls and for those of which nobody has told yet that
 * they are over, whoever has a gateway for waiting ones, and people for those that are over.
 */
function placeOf(call: Call): { watchKey: string; watchAt: number } {
  switch (call.state) {
    case 'waiting':
      return { watchKey: waitingWatchKey, watchAt: call.waitingSince ?? 0 };
    case 'offered':
      return { watchKey: callsWatchKey(call.edgeId), watchAt: call.grant?.lockedUntil ?? latestStepAt(call) };
    case 'answered':
      return { watchKey: callsWatchKey(call.edgeId), watchAt: neverAt };
    case 'ended': {
      const at = call.endedAt ?? latestStepAt(call);
      if (call.recordDue) return { watchKey: recordDueWatchKey, watchAt: at };
      const failed = call.outcome !== undefined && isFailure(call.outcome);
      return { watchKey: endedCallsWatchKey(at, failed), watchAt: at };
    }
  }
}
