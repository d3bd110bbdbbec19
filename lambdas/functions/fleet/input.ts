import * as z from 'zod';
import { factEventSchema, tickSchema } from '../../runtime/bus-events.ts';
import { batchSchema } from '../../runtime/fact-batch.ts';

const text = z.string().optional();
const time = z.iso.datetime({ offset: true }).optional();

/** A task's change of state, as EventBridge delivers it ("Amazon ECS task state change events"). */
const taskEventSchema = z.object({
  source: z.literal('aws.ecs'),
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.object({
    taskArn: z.string().min(1),
    startedBy: text,
    lastStatus: z.string(),
    desiredStatus: z.string(),
    version: z.number().int(),
    createdAt: time,
    pullStartedAt: time,
    pullStoppedAt: time,
    startedAt: time,
    stoppedAt: time,
    stopCode: text,
    stoppedReason: text,
    containers: z
      .array(
        z.object({
          exitCode: z.number().int().optional(),
          networkInterfaces: z.array(z.object({ privateIpv4Address: text })).optional(),
        }),
      )
      .optional(),
  }),
});

/** What the queue brings. */
export const fleetEventSchema = z.union([factEventSchema, taskEventSchema]);

/** The call at the head of the queue waits: said at once, beside the queue. */
const waitingEventSchema = z.object({ 'detail-type': z.literal('call.waiting') });

/** All that the `fleet` function is invoked with. */
export const fleetInputSchema = z.union([batchSchema, waitingEventSchema, tickSchema]);
export type FleetInput = z.output<typeof fleetInputSchema>;
