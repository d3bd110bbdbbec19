import type { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { type BatchedAnswer, batchOf } from '../../contracts/commands.ts';
import { type CommandHandlerOptions, commandHandler } from './command-handler.ts';

export interface BatchHandlerOptions<Schema extends z.ZodType, Answer>
  extends CommandHandlerOptions<Schema, Answer> {
  /**
   * Prepares what the commands of a batch share.
   * @returns what runs each of them, beside the others
   * @throws where none of them can be run
   */
  share: (
    batch: readonly z.output<Schema>[],
    logger: Logger,
  ) =>
    | Promise<(command: z.output<Schema>) => Promise<Answer>>
    | ((command: z.output<Schema>) => Promise<Answer>);
}

/**
 * The shell of a function that takes one command, or several that came together: then each is answered for itself, and one
 * that fails leaves the others alone.
 */
export function batchHandler<Schema extends z.ZodType, Answer>(options: BatchHandlerOptions<Schema, Answer>) {
  type Command = z.output<Schema>;
  type Batch = { batch: Command[] };
  const isBatch = (input: unknown): input is Batch =>
    typeof input === 'object' && input !== null && 'batch' in input;

  const runOne = async (command: Command, run: (command: Command) => Promise<Answer>, logger: Logger) => {
    try {
      const answer = await run(command);
      const summary = options.summary(answer);
      if (summary !== undefined) logger.info('done', { ...options.logKeys(command), ...summary });
      return { answer };
    } catch (error) {
      logger.error('failed', { ...options.logKeys(command), error: error as Error });
      const { name, message } = error as Error;
      return { error: `${name}: ${message}` };
    }
  };
  const runBatch = async ({ batch }: Batch, logger: Logger) => {
    const run = await options.share(batch, logger);
    return { answers: await Promise.all(batch.map((command) => runOne(command, run, logger))) };
  };

  return commandHandler({
    service: options.service,
    schema: z.union([options.schema, batchOf(options.schema)]),
    logKeys: (input) =>
      isBatch(input) ? { commands: input.batch.length } : options.logKeys(input as Command),
    run: async (input, logger): Promise<Answer | { answers: BatchedAnswer<Answer>[] }> => {
      return isBatch(input) ? runBatch(input, logger) : options.run(input as Command, logger);
    },
    summary: (answer) =>
      typeof answer === 'object' && answer !== null && 'answers' in answer
        ? undefined
        : options.summary(answer as Answer),
  });
}
