import { readOptions, wholeNumber, wrong as wrongOf } from '../../command-line/read-options.ts';
import type { InspectCommand } from '../../contracts/inspect.ts';

/* The command line of `npm run pool`. */

export interface PoolOptions {
  command: InspectCommand;
  json: boolean;
  /** Which inspect function is asked: that of a run on this machine, or one in AWS. */
  where: { kind: 'run'; file: string | undefined } | { kind: 'aws'; functionName: string };
}

export const help = `npm run pool -- COMMAND [options]        Shows the pool as the table has it.

  gateways                 every registered gateway: its state, since when, until when, for which call
  calls                    the latest calls
  call CALL-ID             one call and its timeline
  history                  what the fleet decided, what it saw, and why
  starts                   the starts of gateways, and how long each phase took

  --json                   for programs
  --limit N                how many calls, decisions or starts, 1 to 1000                   (100)
  --run-file FILE          the run of npm start to ask                                      (.switchroom/run.json)
  --stack NAME             a deployed stack instead, with the AWS credentials and region of the environment
  --function NAME          its inspect function by name or ARN, where that is another
  --help                   this text
`;

const flags = {
  json: { type: 'boolean', default: false },
  limit: { type: 'string', default: '100' },
  'run-file': { type: 'string' },
  stack: { type: 'string' },
  function: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const command = 'npm run pool';

const wrong: (what: string) => never = (what) => wrongOf(command, what);

const lists: Record<string, 'listCalls' | 'listDecisions' | 'listStarts'> = {
  calls: 'listCalls',
  history: 'listDecisions',
  starts: 'listStarts',
};

function commandOf([name, ...rest]: string[], limit: string): InspectCommand {
  const [callId, ...more] = rest;
  if (name === 'call') {
    if (callId === undefined || more.length > 0) wrong('call takes one Call-ID');
    return { command: 'describeCall', callId };
  }
  if (rest.length > 0) wrong(`${name} takes nothing more`);
  if (name === 'gateways') return { command: 'listGateways' };
  const list = name === undefined ? undefined : lists[name];
  if (list === undefined) {
    wrong(
      name === undefined
        ? 'say what to show: gateways, calls, call, history or starts'
        : `unknown command ${name}`,
    );
  }
  return { command: list, limit: wholeNumber(command, '--limit', limit, 1, 1000) };
}

/** @throws CommandError naming what is wrong */
export function readPoolOptions(args: readonly string[]): PoolOptions | 'help' {
  const { values, positionals } = readOptions({ command, flags, words: true }, args);
  if (values.help) return 'help';
  if (values.stack === '' || values.function === '') wrong('--stack and --function take a name');
  const functionName =
    values.function ?? (values.stack === undefined ? undefined : `${values.stack}-inspect`);
  if (functionName !== undefined && values['run-file'] !== undefined) {
    wrong('--run-file is for a run on this machine, --stack and --function for one in AWS');
  }
  return {
    command: commandOf(positionals, values.limit),
    json: values.json,
    where:
      functionName === undefined ? { kind: 'run', file: values['run-file'] } : { kind: 'aws', functionName },
  };
}
