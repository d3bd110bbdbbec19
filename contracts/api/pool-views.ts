import * as z from 'zod';
import { callIdSchema } from '../common.ts';
import { outcomeSchema } from '../outcomes.ts';
import { timeSchema } from './common.ts';
import { edgeViewSchema, gatewayCountsSchema } from './views.ts';

/* What the API shows of the pool: how it stands, what was decided, what was started, and what holds. */

const count = z.number().int();

const quietSchema = z.object({ rule: z.string(), since: timeSchema, runs: count.positive() }).meta({
  description: 'Runs in a row that had nothing to do, told as one',
});

export const decisionViewSchema = z
  .object({
    at: timeSchema,
    action: z.enum(['start', 'drain']),
    count: count.meta({ description: 'Wanted' }),
    done: count.meta({ description: 'Done: fewer where ECS or a call was in the way' }),
    reason: z
      .looseObject({ rule: z.string() })
      .meta({ description: 'The rule with the numbers that it compared (docs/pool.md)' }),
    warning: z.string().optional(),
    trigger: z.string(),
    counts: z.object({
      free: count,
      unmanaged: count,
      locked: count,
      busy: count,
      held: count,
      draining: count,
      starting: count,
    }),
    managed: count,
    waiting: count,
    callId: callIdSchema.optional(),
    recentStarts: z.looseObject({ consecutiveFailures: count }),
    quiet: quietSchema.optional(),
  })
  .meta({ id: 'Decision' });
export type DecisionView = z.infer<typeof decisionViewSchema>;

const seconds = (description: string) => z.number().nonnegative().optional().meta({ description });

export const startViewSchema = z
  .object({
    startId: z.string(),
    taskId: z.string().optional(),
    state: z.enum(['requested', 'starting', 'registered', 'stopping', 'stopped', 'failed']),
    why: z.string(),
    callId: callIdSchema.optional(),
    requestedAt: timeSchema,
    registeredAt: timeSchema.optional(),
    stoppedAt: timeSchema.optional(),
    queuedSec: seconds('Until its image was pulled'),
    pullingSec: seconds('While its image was pulled'),
    bootingSec: seconds('From there until its container ran'),
    registeringSec: seconds('From there until its REGISTER'),
    totalSec: seconds('All of them together'),
    stopReason: z.string().optional(),
  })
  .meta({ id: 'Start', description: 'The start of a gateway, with how long each phase took' });
export type StartView = z.infer<typeof startViewSchema>;

export const statusSchema = z
  .object({
    gateways: gatewayCountsSchema.meta({ description: 'Those registered, by state' }),
    countedAt: timeSchema.optional().meta({
      description:
        'Where more than 250 are free, or locked: the minute in which these two were counted last. Else they are counted now',
    }),
    managed: count
      .optional()
      .meta({ description: 'Gateways of ours that there are, starting ones included' }),
    maximum: count.optional(),
    starting: count,
    startsFailing: z.boolean(),
    waiting: count.meta({ description: 'Calls that wait for a gateway' }),
    longestWaitSec: z.number().optional(),
    calls: count.meta({ description: 'Calls in progress' }),
    edges: z.array(edgeViewSchema),
    lastHour: z.object({
      finished: count.meta({ description: 'Answered, or given up by the caller' }),
      failed: z.array(z.object({ outcome: outcomeSchema, count })),
      more: z.boolean().meta({ description: 'More failed than were counted' }),
    }),
    lastDecision: decisionViewSchema.optional(),
    quiet: quietSchema.optional(),
    managedAt: timeSchema.optional().meta({ description: 'When the fleet function last looked at the pool' }),
  })
  .meta({ id: 'Status' });
export type Status = z.infer<typeof statusSchema>;

const series = z.array(count.nullable());

export const daySchema = z
  .object({
    day: z.iso.date(),
    everySec: z.literal(60),
    free: series,
    locked: series,
    busy: series,
    held: series.meta({ description: 'Gateways that operators held; none before this was counted' }),
    draining: series,
    starting: series,
    waiting: series.meta({ description: 'Calls that waited for a gateway' }),
    calls: series.meta({ description: 'Calls that came in that minute' }),
    wanted: series.meta({
      description:
        'Free gateways that the policy and operators wanted, those that start included: to compare with free and starting, less waiting',
    }),
    foreseen: z.array(z.number().nullable()).meta({
      description:
        'Calls that the policy foresaw for that minute before it began; null throughout where it does not forecast',
    }),
    failed: z
      .array(z.object({ word: z.string(), calls: series }))
      .meta({ description: 'Calls that failed in it, by outcome, a full pool by its cause' }),
  })
  .meta({
    id: 'Day',
    description:
      'Each list has a number for each minute of the day (UTC) from 00:00 on, up to now; null: nothing is known of it',
  });
export type DayView = z.infer<typeof daySchema>;

export const settingsViewSchema = z
  .object({
    afterCall: z.enum(['stop', 'reuse']),
    lockLeaseSec: count,
    waitLimitSec: count,
    edgeLostGraceSec: count,
    poolMax: count,
    poolTimeZone: z.string(),
    poolPolicy: z.unknown().meta({ description: 'The policy in force (docs/pool.md)' }),
  })
  .meta({ id: 'Settings' });
export type SettingsView = z.infer<typeof settingsViewSchema>;

export const meSchema = z
  .object({ who: z.string(), role: z.enum(['viewer', 'operator']) })
  .meta({ id: 'Me', description: 'Who asks, and what they may do' });
export type Me = z.infer<typeof meSchema>;
