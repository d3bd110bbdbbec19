import type { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { InvalidInput } from '../domain/errors.ts';
import type { Measure } from '../domain/ports.ts';

/** A batch of messages of an SQS queue, as Lambda hands it over ("Using Lambda with Amazon SQS"). */
export const batchSchema = z.object({
  Records: z.array(z.object({ messageId: z.string().min(1), body: z.string() })).min(1),
});
export type Batch = z.output<typeof batchSchema>;

/** An event of the batch, with the message that brought it. */
export interface Told<Event> {
  messageId: string;
  event: Event;
}

/** The messages that come again; all others are done with ("Implementing partial batch responses"). */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/** Told of messages that shall come again: why, and what the log finds them by. */
export type Failed = (messageIds: readonly string[], error: Error, about?: Record<string, string>) => void;

/** Collects what of a batch failed: a line in the log and a count for each, and the answer. */
export function collectFailures(logger: Logger, measure: Measure) {
  const batchItemFailures: BatchAnswer['batchItemFailures'] = [];
  const failed: Failed = (messageIds, error, about = {}) => {
    logger.error('failed', { ...about, error });
    measure([{ name: 'FailedFacts', value: messageIds.length }]);
    batchItemFailures.push(...messageIds.map((itemIdentifier) => ({ itemIdentifier })));
  };
  return { failed, answer: { batchItemFailures } satisfies BatchAnswer };
}

/**
 * Reads the events that a queue's messages carry. One that is not understood comes again, until the queue puts it aside.
 * @param schema of one event as EventBridge writes it
 */
export function readBatch<Schema extends z.ZodType>(
  { Records }: Batch,
  schema: Schema,
  failed: Failed,
): Told<z.output<Schema>>[] {
  return Records.flatMap(({ messageId, body }) => {
    const parsed = schema.safeParse(jsonOf(body));
    if (parsed.success) return { messageId, event: parsed.data };
    failed([messageId], new InvalidInput(problemsOf(parsed.error)));
    return [];
  });
}

/** Names what is wrong and where, but not the values: they may hold what no log should. */
export function problemsOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
}

/** @returns undefined where it is no JSON, which no schema of an event takes */
function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
