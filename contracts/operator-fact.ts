import * as z from 'zod';
import { epochMsSchema } from './common.ts';

/*
 * What somebody who runs the service has done by the API: kept for 30 days, shown in its history, and told on the bus.
 */

/** EventBridge `Source` of it, and its `DetailType`. */
export const apiEventSource = 'switchroom.api';
export const operatorFactType = 'operator.acted';

export const operatorActions = [
  'hangup',
  'drain-gateway',
  'stop-gateway',
  'hold-gateway',
  'release-gateway',
  'drain-edge',
  'resume-edge',
  'pause',
  'resume',
  'override',
  'end-override',
  'reserve',
  'end-reservation',
] as const;

export const operatorFactSchema = z.object({
  version: z.literal(1),
  /** The same when the fact is told again. */
  id: z.string(),
  type: z.literal(operatorFactType),
  at: epochMsSchema,
  /** An e-mail address or subject of a token, or the ARN of who signed. */
  who: z.string().max(256),
  action: z.enum(operatorActions),
  /** What it was done to: a call's Call-ID, a gateway's username, an edge's id, `pool`, a reservation's id. */
  subject: z.string(),
  reason: z.string(),
  /** What was asked, beside that: numbers and times. */
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type OperatorFact = z.infer<typeof operatorFactSchema>;
export type OperatorAction = OperatorFact['action'];
