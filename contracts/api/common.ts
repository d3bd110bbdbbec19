import * as z from 'zod';
import { answerCodeNames } from './answer-codes.ts';

/* What all routes of the API share. Times in JSON are ISO 8601 in UTC, lengths of time name their unit. */

/** `2026-11-30T09:02:00.123Z` */
export const timeSchema = z.iso.datetime().meta({ id: 'Time', description: 'ISO 8601, UTC' });

export const isoOf = (epochMs: number): string => new Date(epochMs).toISOString();

export const maxPageSize = 200;

/** A number in a query, which is text there. */
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max));

/** What each list takes. */
export const pageQuery = {
  limit: wholeNumber(1, maxPageSize)
    .default(50)
    .meta({ description: `How many at most, 1 to ${maxPageSize}` }),
  cursor: z
    .string()
    .max(4096)
    .optional()
    .meta({ description: 'Where to read on: the `next` of the page before' }),
};

/** The window of time of a list of what has been. */
export const windowQuery = {
  from: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Not before this time; 30 days back unless given' }),
  to: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'Not after this time; now unless given' }),
};

/** One page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z
      .string()
      .optional()
      .meta({ description: 'Give it back as `cursor` to read on; none after the last page' }),
    searchedUntil: timeSchema.optional().meta({
      description:
        'One request reads a bounded number of records. Where a filter found fewer than the limit in them, this is how far back it looked; `next` looks further',
    }),
  });

/** What went wrong (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'What kind of problem; docs/api.md explains each' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    code: z.enum(answerCodeNames).optional().meta({ description: 'What `detail` says, for programs' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'For `invalid-request`: what of it is wrong' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;

/** Each kind of problem, with its status and what it means. */
export const problems = {
  'invalid-request': [400, 'The request is not what the route takes; `errors` says where'],
  unauthenticated: [401, 'No valid token, signature or password came with the request'],
  forbidden: [
    403,
    'Who asks may read at most: this needs the role of an operator, or none was given. Of a gateway: the record is of another',
  ],
  'not-found': [404, 'There is no such call, gateway, edge or reservation (any more)'],
  conflict: [409, 'What it asks is not possible as things stand now; `detail` says why'],
  'too-large': [413, 'The body is longer than the route takes'],
  'key-reused': [422, 'The Idempotency-Key came before with another request'],
  unavailable: [503, 'The table or another service does not answer: try again'],
  internal: [500, 'A defect of ours; the log of the api function has it'],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;
export type ProblemType = keyof typeof problems;
