import { readOptions, wrong as wrongOf } from '../../command-line/read-options.ts';

/* The command line of `switchroom replay`. */

export interface ReplayOptions {
  /** Only look: nothing is given back. */
  showOnly: boolean;
  json: boolean;
  /** Whose queues: those of a run on this machine, or of a stack in AWS. */
  where: { kind: 'run'; file: string | undefined } | { kind: 'aws'; stack: string };
}

export const help = `switchroom replay [options]
Gives dead letters back to the queues of the functions that failed on them.

Takes each message out of a queue of dead letters, sends it to the queue it came
from, and deletes it only once that has taken it. Facts may come twice: whatever
has happened already is not done again.

  --show            only show what is there
  --json            for programs
  --run-file FILE   the run of npm start to serve (.switchroom/run.json)
  --stack NAME      a deployed stack instead, with the AWS credentials and
                    region of the environment
  --help            this text
`;

const flags = {
  show: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  'run-file': { type: 'string' },
  stack: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const command = 'npx switchroom replay';

const wrong: (what: string) => never = (what) => wrongOf(command, what);

/** @throws CommandError naming what is wrong */
export function readReplayOptions(args: readonly string[]): ReplayOptions | 'help' {
  const { values } = readOptions({ command, flags, words: false }, args);
  if (values.help) return 'help';
  const { stack } = values;
  if (stack === '') wrong('--stack takes a name');
  if (stack !== undefined && values['run-file'] !== undefined) {
    wrong('--run-file is for a run on this machine, --stack for one in AWS');
  }
  return {
    showOnly: values.show,
    json: values.json,
    where: stack === undefined ? { kind: 'run', file: values['run-file'] } : { kind: 'aws', stack },
  };
}
