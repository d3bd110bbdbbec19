import { readOptions, wrong as wrongOf } from '../../command-line/read-options.ts';

/* The command line of `npm run replay`. */

export interface ReplayOptions {
  /** Only look: nothing is given back. */
  showOnly: boolean;
  json: boolean;
  /** Whose queue: that of a run on this machine, or one in AWS. */
  where: { kind: 'run'; file: string | undefined } | { kind: 'aws'; queueName: string };
}

export const help = `npm run replay -- [options]        Gives dead letters back to the functions that failed on them.

Takes each message out of the dead-letter queue, invokes its function with it again, and deletes the message only
once the function's queue has taken it. Facts may come twice: whatever has happened already is not done again.

  --show                   only show what is in the queue, and why
  --json                   for programs
  --run-file FILE          the run of npm start to serve                                    (.switchroom/run.json)
  --stack NAME             a deployed stack instead, with the AWS credentials and region of the environment
  --queue NAME             its dead-letter queue by name, where that is another
  --help                   this text
`;

const flags = {
  show: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  'run-file': { type: 'string' },
  stack: { type: 'string' },
  queue: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const command = 'npm run replay';

const wrong: (what: string) => never = (what) => wrongOf(command, what);

/** @throws CommandError naming what is wrong */
export function readReplayOptions(args: readonly string[]): ReplayOptions | 'help' {
  const { values } = readOptions({ command, flags, words: false }, args);
  if (values.help) return 'help';
  if (values.stack === '' || values.queue === '') wrong('--stack and --queue take a name');
  const queueName = values.queue ?? (values.stack === undefined ? undefined : `${values.stack}-dead-letters`);
  if (queueName !== undefined && values['run-file'] !== undefined) {
    wrong('--run-file is for a run on this machine, --stack and --queue for one in AWS');
  }
  return {
    showOnly: values.show,
    json: values.json,
    where: queueName === undefined ? { kind: 'run', file: values['run-file'] } : { kind: 'aws', queueName },
  };
}
