import type { Logger } from '@aws-lambda-powertools/logger';
import * as z from 'zod';
import { type BatchedAnswer, batchOf } from '../../contracts/commands.ts';
import { type CommandHandlerOptions, commandHandler } from './command-handler.ts';

type RunOne<Command, Answer> = (command: Command) => Promise<Answer>;

export interface BatchHandlerOptions<Schema extends z.ZodType, Answer>
  extends Omit<CommandHandlerOptions<Schema, Answer>, 'run'> {
  /**
   * Prepares what commands that came together share: one alone is a batch of its own.
   * @returns what runs each of them, beside the others
   * @throws where none of them can be run
   */
  share: (
    batch: readonly z.output<Schema>[],
    logger: Logger,
  ) => Promise<RunOne<z.output<Schema>, Answer>> | RunOne<z.output<Schema>, Answer>;
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

  const runBeside = async (command: Command, run: RunOne<Command, Answer>, logger: Logger) => {
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
    return { answers: await Promise.all(batch.map((command) => runBeside(command, run, logger))) };
  };

  return commandHandler({
    service: options.service,
    schema: z.union([options.schema, batchOf(options.schema)]),
    logKeys: (input) =>
      isBatch(input) ? { commands: input.batch.length } : options.logKeys(input as Command),
    run: async (input, logger): Promise<Answer | { answers: BatchedAnswer<Answer>[] }> => {
      if (isBatch(input)) return runBatch(input, logger);
      const command = input as Command;
      return (await options.share([command], logger))(command);
    },
    summary: (answer) =>
      typeof answer === 'object' && answer !== null && 'answers' in answer
        ? undefined
        : options.summary(answer as Answer),
  });
}
