import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type * as z from 'zod';
import { InvalidInput } from '../domain/errors.ts';
import { problemsOf } from './fact-batch.ts';

/** What a log line of one invocation carries beside the function's own keys. */
type LogKeys = Record<string, string | number | undefined>;

export interface CommandHandlerOptions<Schema extends z.ZodType, Answer> {
  /** The function's name in the log. */
  service: string;
  schema: Schema;
  /** What tells this invocation from others in the log: the Call-ID above all. */
  logKeys: (input: z.output<Schema>) => LogKeys;
  run: (input: z.output<Schema>, logger: Logger) => Promise<Answer>;
  /** What the log says of the answer; undefined where it is not worth a line. */
  summary: (answer: Answer) => LogKeys | undefined;
}

/**
 * The shell that all functions share: reads the input by its schema, puts the Call-ID on every log line, logs an
 * error once and lets it go, so that Lambda gives its name to the invoker.
 * @throws (the handler) InvalidInput, and whatever `run` throws
 */
export function commandHandler<Schema extends z.ZodType, Answer>(
  options: CommandHandlerOptions<Schema, Answer>,
) {
  const logger = new Logger({ serviceName: options.service });
  // middy would answer 5 ms before the function's time is over and let the run go on, which then writes in the next
  // invocation. Without it Lambda ends the run with its environment.
  return middy({ timeoutEarlyInMillis: 0 })
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .onError(({ error }) => {
      logger.error('failed', error as Error);
    })
    .handler(async (event: unknown): Promise<Answer> => {
      const parsed = options.schema.safeParse(event);
      if (!parsed.success) throw new InvalidInput(problemsOf(parsed.error));
      logger.appendKeys(options.logKeys(parsed.data));
      const answer = await options.run(parsed.data, logger);
      const summary = options.summary(answer);
      if (summary !== undefined) logger.info('done', summary);
      return answer;
    });
}
